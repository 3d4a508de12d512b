"""Searches for architectures on the cluster that this job was submitted to.

Takes the arguments of ``rayzc search``. A job may be started again, by a person or by Kubernetes; it then finds the
run in its ``--out`` folder and continues it, each search from its last checkpoint, so give it a folder that all
nodes share. Checkpoints may be elsewhere, with ``--storage s3://bucket/folder``::

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml -- \
        python jobs/search.py --formula "jacov + log(flops)" --suite suites/nbsz-13.parquet --out /shared/run-2
"""

from rayzc.cli.submitted import run_as_job

if __name__ == "__main__":
    run_as_job("search")
