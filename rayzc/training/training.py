"""Training one network: the same from the same seed, with or without breaks."""

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
    """Trains a network, in place, and tests it.

    With a checkpoint, the training begins where an earlier one with the same arguments ended, and comes to the same
    result on the same kind of device with the same number of threads. On a GPU, the last digits of a network with max
    pooling may differ, whose gradients torch adds up there in no fixed order. The network is left on the device, in
    eval mode.

    Args:
        network: with weights to begin with.
        data: what it is shown.
        recipe: how it is trained.
        seed: of the order of images, of augmentation, of drop path and dropout.
        device: where; by default a GPU if there is one.
        checkpoint: file to keep the training in after every epoch.
        report: called after every epoch, once it is kept; the test accuracy is measured for it.
        stop: asked after every epoch whether to stop, to be continued.
        give_up: epochs, those of the warm-up not counted, after which a training that is no better than guessing ends.

    Raises:
        TrainingError: the network cannot be run on the data, the recipe does not suit the images, or the checkpoint is
            that of another training or cannot be read or written.
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
