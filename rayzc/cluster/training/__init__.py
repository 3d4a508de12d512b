"""Runs of trainings: each training is a task of the cluster, resumed from its last epoch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "TrainProgress": "rayzc.cluster.training.progress",
    "TrainingProgress": "rayzc.cluster.training.progress",
    "resume_train": "rayzc.cluster.training.running",
    "train": "rayzc.cluster.training.running",
}

__all__ = ["TrainProgress", "TrainingProgress", "resume_train", "train"]

if TYPE_CHECKING:
    from rayzc.cluster.training.progress import TrainingProgress, TrainProgress
    from rayzc.cluster.training.running import resume_train, train


def __getattr__(name: str) -> Any:
    # A worker does not need what the run imports.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rayzc.cluster.training' has no attribute '{name}'")
