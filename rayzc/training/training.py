"""The training of one network, from its beginning or its checkpoint to its end."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from rayzc.options import Recipe
from rayzc.training.checkpoints import read_checkpoint, write_checkpoint
from rayzc.training.data import TrainingData
from rayzc.training.epochs import Training
from rayzc.training.results import Epoch, Trained

__all__ = ["train_network"]


def train_network(
    network: nn.Module,
    data: TrainingData,
    recipe: Recipe,
    *,
    seed: int,
    device: str | torch.device | None = None,
    checkpoint: Path | str | None = None,
    report: Callable[[Epoch], None] | None = None,
    stop: Callable[[], bool] | None = None,
    give_up: int | None = None,
) -> Trained:
    """Trains a network, in place, and measures its test accuracy.

    If its checkpoint exists, the training resumes from it, and reaches the same result as without interruption, on the
    same kind of device with the same number of threads. On a GPU, the last digits may differ for networks with max
    pooling, as torch sums their gradients in no fixed order. The network is left on the device, in eval mode.

    Args:
        network: the network, with its initial weights.
        data: images and labels.
        recipe: how to train.
        seed: seed of the order of images, augmentation, drop path and dropout.
        device: device to train on; by default a GPU if there is one.
        checkpoint: file to write the state to after every epoch.
        report: called after every epoch, once its checkpoint is written; the epoch has the test accuracy.
        stop: called after every epoch; if it returns true, the training stops, and can be resumed.
        give_up: number of epochs, not counting the warm-up, after which a training no better than guessing ends.

    Raises:
        TrainingError: the network cannot be run on the data, the recipe does not fit the images, or the checkpoint
            belongs to another training or cannot be read or written.
    """
    training = Training(network, data, recipe, seed=seed, device=device, give_up=give_up)
    with training:
        path = None if checkpoint is None else Path(checkpoint)
        kept = None if path is None else read_checkpoint(path)
        if kept is not None and path is not None:
            training.load(kept, path)
        while not training.finished and not (stop is not None and training.history and stop()):
            training.advance(evaluate=report is not None or path is not None)
            if path is not None:
                write_checkpoint(path, training.saved())
            if report is not None:
                report(training.history[-1])
        return training.result()
