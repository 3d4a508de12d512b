"""Measures the scores that a suite lacks, on the cluster that this job was submitted to.

Takes the arguments of ``rayzc suite fill``. Measurements are kept beside the ``--out`` file, and a job that is started
again continues from them, so give it a folder that outlives the job. Where the file is complete, there is nothing to
do::

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml -- \
        python jobs/fill.py suites/mine.parquet --proxies nwot,zen --out /shared/filled.parquet
"""

from rayzc.cli.submitted import run_as_job

if __name__ == "__main__":
    run_as_job("fill")
