"""The trainings of a run as tasks of Ray, which report every epoch with a checkpoint and restart if their process dies.

Checkpoints come through the object store, and the run writes them, so the machines of a cluster need not share a file
system.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import ray
import ray.exceptions

from rayzc.cluster.training.worker import TASK, Report, Started, TrainingJob
from rayzc.errors import ClusterError
from rayzc.runs import TrainConfig

__all__ = ["MAX_DEATHS", "TrainingTasks", "capacity", "chosen_device", "died"]

MAX_DEATHS = 3
"""How often in a row the process of a training may die before the training counts as failed."""

_WAIT = 0.25
_ray: Any = ray


def _job(config: TrainConfig, place: int, seed: int) -> TrainingJob:
    """The job of a training's task."""
    return TrainingJob(
        network=config.networks[place],
        seed=seed,
        recipe=config.effective_recipe,
        width=config.width,
        depth=config.depth,
        device=config.device or "cpu",
        threads=max(1, int(config.cpus)),
        memory_share=config.gpus,
        give_up=config.give_up,
    )


def capacity(config: TrainConfig, workers: int | None) -> int:
    """Number of trainings that run at a time.

    Args:
        config: configuration of the run.
        workers: limit on the number of trainings; None for no limit.

    Raises:
        ClusterError: no machine of the cluster has enough CPUs or GPUs for a training.
    """
    needed = {"CPU": config.cpus, **({"GPU": config.gpus} if config.device == "cuda" else {})}
    machines = [node["Resources"] for node in _ray.nodes() if node["Alive"]]
    rooms = [
        math.floor(min(machine.get(kind, 0.0) / count for kind, count in needed.items()) + 1e-6)
        for machine in machines
    ]
    if not sum(rooms):
        what = " and ".join(f"{count:g} {kind}s" for kind, count in needed.items())
        raise ClusterError(
            f"a training needs {what}, which no machine of the cluster has: change --cpus, --gpus or --device"
        )
    return sum(rooms) if workers is None else min(workers, sum(rooms))


def chosen_device(given: str | None) -> str:
    """The device of all trainings: the given device, or by default a GPU if the cluster has one."""
    return given or ("cuda" if _ray.cluster_resources().get("GPU", 0) else "cpu")


class TrainingTasks:
    """The running tasks of a run.

    Args:
        config: configuration of the run.
        images: reference to the images in the object store.
        network: builds the user's own network of a place and a seed; returns None for architectures of search spaces.
    """

    def __init__(self, config: TrainConfig, images: Any, network: Callable[[int, int], Any]) -> None:
        self._config, self._images, self._network = config, images, network
        self._options: dict[str, Any] = {
            "num_cpus": config.cpus,
            # A task waits until its reports are read, so at most this many checkpoints are in memory.
            "_generator_backpressure_num_objects": 4,
        }
        if config.device == "cuda":
            self._options["num_gpus"] = config.gpus
        self._running: dict[Any, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, place: int, seed: int, checkpoint: bytes | None) -> None:
        """Starts a training, from its checkpoint if it has one."""
        job = _job(self._config, place, seed)
        reports = TASK.options(**self._options).remote(
            job, self._images, self._network(place, seed), checkpoint
        )
        self._running[reports] = (place, seed)

    def events(self) -> Iterator[tuple[int, int, Started | Report | Exception | None]]:
        """Waits briefly, and yields events of trainings: place, seed, and what happened; None for the end."""
        if not self._running:
            return
        ready, _ = _ray.wait([*self._running], timeout=_WAIT, num_returns=1)
        for reports in ready:
            place, seed = self._running[reports]
            try:
                yield place, seed, _ray.get(next(reports))
            except StopIteration:
                del self._running[reports]
                yield place, seed, None
            except ray.exceptions.RayTaskError as error:
                del self._running[reports]
                yield place, seed, error.cause if isinstance(error.cause, Exception) else error
            except ray.exceptions.RayError as error:
                del self._running[reports]
                yield place, seed, error

    def cancel(self) -> None:
        """Kills all tasks."""
        for reports in self._running:
            _ray.cancel(reports, force=True)
        self._running.clear()


def died(error: Exception) -> bool:
    """Whether an error says that a process or a machine died, rather than that a training failed."""
    return isinstance(error, ray.exceptions.RayError) and not isinstance(error, ray.exceptions.RayTaskError)
