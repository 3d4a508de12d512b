"""Builds a suite from a specification, on the cluster that this job was submitted to.

Takes the arguments of ``rayzc suite build``. Trainings and measurements are kept beside the ``--out`` file, and a job
that is started again continues from them, so give it a folder that outlives the job. Where the file is complete, there
is nothing to do::

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml -- \
        python jobs/build_suite.py spec.toml --out /shared/mine.parquet
"""

from rayzc.cli.submitted import run_as_job

if __name__ == "__main__":
    run_as_job("build-suite")
