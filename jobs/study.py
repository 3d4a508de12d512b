"""Runs a study, many discoveries side by side, on the cluster that this job was submitted to.

Takes the arguments of ``rayzc study``. A job may be started again, by a person or by Kubernetes; it then finds the
study in its ``--out`` folder and continues it, so give it a folder that all nodes share::

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml -- \
        python jobs/study.py --suite suites/nbsz-13.parquet --repeats 3 --epochs 100 --out /shared/study-1
"""

from rayzc.cli.submitted import run_as_job

if __name__ == "__main__":
    run_as_job("study")
