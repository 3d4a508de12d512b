"""What trainings came to; nothing here needs torch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from rayzc.ending import Ended, Ending

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Epoch", "TrainResults", "Trained", "TrainedNetwork"]


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch came to.

    Attributes:
        number: epochs done, from 1.
        loss: mean loss of its images.
        training_accuracy: share of its images that were classified correctly, as they were shown.
        accuracy: share of the test images likewise, after it; None where that was not asked for.
        seconds: how long all epochs so far have taken.
    """

    number: int
    loss: float
    training_accuracy: float
    accuracy: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to.

    Attributes:
        accuracy: share of the test images that are classified correctly after the last epoch; nan where the weights
            are not finite any more.
        training_accuracy: likewise of the training images, as they were shown in the last epoch; nan before the first.
        losses: mean loss of each epoch.
        seconds: how long it took, over all attempts.
        epochs: how many epochs were done.
        diverged: why it was of no use, or None: the loss is not finite, or it is no better than guessing.
        finished: whether it was trained to its end, which may be that it diverged.
        notes: what the recipe asks for and this network or device does not have.
    """

    accuracy: float
    training_accuracy: float
    losses: tuple[float, ...]
    seconds: float
    epochs: int
    diverged: str | None = None
    finished: bool = True
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The training as JSON knows it: numbers that are not finite are null."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value


@dataclass(frozen=True)
class TrainedNetwork:
    """A network after its trainings.

    Attributes:
        network: its name: ``space:encoding``, or ``module:factory``.
        trained: what each training came to, by seed; none that has not begun.
        checkpoints: by seed, the file that holds the trained weights under ``model``.
        failures: by seed, why a training failed.
    """

    network: str
    trained: Mapping[int, Trained]
    checkpoints: Mapping[int, Path]
    failures: Mapping[int, str]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Of the trainings that have finished, by seed; without those that diverged to nan."""
        found = [trained.accuracy for trained in self.trained.values() if trained.finished]
        return tuple(accuracy for accuracy in found if isfinite(accuracy))

    @property
    def mean(self) -> float | None:
        """The mean accuracy over the seeds; None before the first has finished."""
        return mean(self.accuracies) if self.accuracies else None

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation over the seeds; None for fewer than two."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else None


@dataclass(frozen=True)
class TrainResults(Ended):
    """What a run of trainings came to.

    Attributes:
        networks: each with its trainings, in the order in which they were named.
        run: the run's folder.
        ending: how it ended.
        seconds: how long the run took, those before a resume included.
        workers_lost: trainings that were begun again from their checkpoints because their process died.
        trouble: what could not be written, if anything.
    """

    networks: Sequence[TrainedNetwork]
    run: Path
    ending: Ending
    seconds: float
    workers_lost: int = 0
    trouble: str | None = None

    @property
    def best(self) -> TrainedNetwork | None:
        """The network with the highest mean accuracy; None before the first has finished."""
        finished = [network for network in self.networks if network.mean is not None]
        return max(finished, key=lambda network: network.mean or 0.0) if finished else None

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc train --json`` prints, and ``result.json`` holds."""
        return {
            "run": str(self.run),
            "stopped": self.stopped,
            "seconds": self.seconds,
            "workers_lost": self.workers_lost,
            "networks": [
                {
                    "network": network.network,
                    "mean": network.mean,
                    "deviation": network.deviation,
                    "trainings": [
                        {
                            "seed": seed,
                            "checkpoint": str(network.checkpoints[seed].relative_to(self.run)),
                            **trained.to_json(),
                        }
                        for seed, trained in network.trained.items()
                    ],
                    "failures": {str(seed): why for seed, why in network.failures.items()},
                }
                for network in self.networks
            ],
        }

    def to_table(self) -> "pa.Table":
        """A row for each network: its name, mean, standard deviation, and the accuracies of the seeds."""
        import pyarrow as pa

        seeds = sorted({seed for network in self.networks for seed in network.trained})
        columns: dict[str, Any] = {
            "network": pa.array([network.network for network in self.networks], pa.string()),
            "mean": pa.array([network.mean for network in self.networks], pa.float64()),
            "deviation": pa.array([network.deviation for network in self.networks], pa.float64()),
            "trainings": pa.array([len(network.accuracies) for network in self.networks], pa.int64()),
        }
        for seed in seeds:
            found = [network.trained.get(seed) for network in self.networks]
            columns[f"seed {seed}"] = pa.array(
                [trained.accuracy if trained and trained.finished else None for trained in found],
                pa.float64(),
            )
        return pa.table(columns)
