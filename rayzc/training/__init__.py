"""Training networks: recipes, augmentation, checkpoints and results, without Ray.

A training is determined by its network, data, recipe and seed: on one kind of device, it reaches the same accuracy, bit
for bit, however often it was interrupted.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "AUGMENTATIONS": "rayzc.training.augment",
    "Epoch": "rayzc.training.results",
    "NetworkSource": "rayzc.training.networks",
    "TrainResults": "rayzc.training.results",
    "Trained": "rayzc.training.results",
    "Training": "rayzc.training.epochs",
    "TrainingData": "rayzc.training.data",
    "train_network": "rayzc.training.training",
    "use_resources": "rayzc.training.chance",
}

__all__ = [
    "AUGMENTATIONS",
    "Epoch",
    "NetworkSource",
    "TrainResults",
    "Trained",
    "Training",
    "TrainingData",
    "train_network",
    "use_resources",
]

if TYPE_CHECKING:
    from rayzc.training.augment import AUGMENTATIONS
    from rayzc.training.chance import use_resources
    from rayzc.training.data import TrainingData
    from rayzc.training.epochs import Training
    from rayzc.training.networks import NetworkSource
    from rayzc.training.results import Epoch, Trained, TrainResults
    from rayzc.training.training import train_network


def __getattr__(name: str) -> Any:
    # Readers of results do not need torch.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rayzc.training' has no attribute '{name}'")
