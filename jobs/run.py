"""Breeds a formula on the cluster that this job was submitted to, and searches with it on all problems.

Takes the arguments of ``rayzc run``. A job may be started again, by a person or by Kubernetes; it then finds the run in
its ``--out`` folder and continues it in the stage in which it ended, so give it a folder that all nodes share::

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml -- \
        python jobs/run.py --suite suites/nbsz-13.parquet --time-limit 10m --out /shared/run-3
"""

from rayzc.cli.submitted import run_as_job

if __name__ == "__main__":
    run_as_job("run")
