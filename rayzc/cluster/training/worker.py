"""What a worker does for a training. It imports only what it needs, as it is started many times."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ray

from rayzc.options import Recipe
from rayzc.training.results import Trained

__all__ = ["TASK", "Report", "TrainingJob"]


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """What a task is told.

    Attributes:
        network: its name.
        seed: of weights and training.
        recipe: how to train.
        width: of a network of a search space.
        depth: likewise.
        device: where.
        threads: how many to compute with on a CPU.
        memory_share: largest share of a GPU's memory.
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


@dataclass(frozen=True, eq=False)
class Report:
    """An epoch of a training.

    Attributes:
        trained: what it has come to.
        checkpoint: all that it needs to go on.
        process: the process that trains it.
    """

    trained: Trained
    checkpoint: bytes
    process: int


@ray.remote(num_returns="streaming", max_retries=0)
def _trained(job: TrainingJob, images: Any, network: Any, checkpoint: bytes | None) -> Iterator[Report]:
    """Trains a network from its last checkpoint to its end.

    Args:
        job: what to do.
        images: the images, with those to test on.
        network: a network of the user's; None for one of a search space, which is built here.
        checkpoint: where to go on; None to begin.
    """
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
