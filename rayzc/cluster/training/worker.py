"""The task of a training. It imports only what it needs, as many processes are started."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ray

from rayzc.options import Recipe
from rayzc.training.results import Trained

__all__ = ["TASK", "Report", "Started", "TrainingJob"]


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """A training to run.

    Attributes:
        network: name of the network.
        seed: seed of the weights and the training.
        recipe: how to train.
        width: number of channels of an architecture of a search space; None for the default.
        depth: number of cells per stage of an architecture of a search space; None for the default.
        device: device to train on.
        threads: number of threads on a CPU.
        memory_share: largest share of the memory of a GPU to use.
        give_up: see :func:`rayzc.training.train_network`.
    """

    network: str
    seed: int
    recipe: Recipe
    width: int | None
    depth: int | None
    device: str
    threads: int
    memory_share: float
    give_up: int | None


@dataclass(frozen=True)
class Started:
    """The process of a training is there.

    Attributes:
        process: its id.
    """

    process: int


@dataclass(frozen=True, eq=False)
class Report:
    """A training after an epoch.

    Attributes:
        trained: the result so far.
        checkpoint: the state to resume from.
        process: id of the process.
    """

    trained: Trained
    checkpoint: bytes
    process: int


@ray.remote(num_returns="streaming", max_retries=0)
def _trained(
    job: TrainingJob, images: Any, network: Any, checkpoint: bytes | None
) -> Iterator[Started | Report]:
    """Trains a network to the end, and yields that it has started, and a report after every epoch.

    Args:
        job: the training.
        images: images and labels, with test images.
        network: the user's own network; None for an architecture of a search space, which is built here.
        checkpoint: the checkpoint to resume from; None to begin.
    """
    yield Started(os.getpid())
    from rayzc.training import NetworkSource, Training, TrainingData, use_resources

    use_resources(job.device, job.threads, job.memory_share)
    source = NetworkSource.named(job.network)
    data = source.shown(TrainingData.of(images))
    if network is None:
        network = source.build(data, width=job.width, depth=job.depth, seed=job.seed)
    with Training(
        network, data, job.recipe, seed=job.seed, device=job.device, give_up=job.give_up
    ) as training:
        if checkpoint is not None:
            training.load(checkpoint, "the checkpoint")
        while not training.finished:
            training.advance()
            yield Report(training.result(), training.saved(), os.getpid())


TASK: Any = _trained
"""The task, which Ray does not type."""
