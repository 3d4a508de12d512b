"""Trains networks on the cluster that this job was submitted to.

Takes the arguments of ``rayzc train``. A job may be started again, by a person or by Kubernetes; it then finds the run
in its ``--out`` folder and continues it, each training from its last epoch. Only the job itself writes to that folder,
so the other nodes need not share it::

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml -- \
        python jobs/train.py "nasbench201:(4, 3, 3, 3, 2, 3)" --data images.npz --gpus 0.5 --out /shared/run-3
"""

from rayzc.cli.submitted import run_as_job

if __name__ == "__main__":
    run_as_job("train")
