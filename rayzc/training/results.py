"""The results of trainings, as types, as JSON and as tables, without torch."""

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
    """The result of an epoch.

    Attributes:
        number: number of the epoch, from 1.
        loss: mean loss over its training images.
        training_accuracy: share of the training images that were classified correctly, after their augmentation.
        accuracy: test accuracy after the epoch; None if it was not measured.
        seconds: how long all epochs so far have taken.
    """

    number: int
    loss: float
    training_accuracy: float
    accuracy: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Trained:
    """The result of a training.

    Attributes:
        accuracy: share of the test images that are classified correctly after the last epoch; nan if the loss is not
            finite.
        training_accuracy: share of the training images that were classified correctly during the last epoch; nan before
            the first.
        losses: mean loss of each epoch.
        seconds: how long it took, including the time before a resume.
        epochs: number of completed epochs.
        diverged: why the training is useless: its loss is not finite, or it is no better than guessing; else None.
        finished: whether it has ended: after its last epoch, or early because it diverged.
        notes: parts of the recipe that this network or device does not support.
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
        """The result as a JSON object, in which numbers that are not finite are null."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value


@dataclass(frozen=True)
class TrainedNetwork:
    """A network and the results of its trainings.

    Attributes:
        network: name of the network: ``space:encoding``, or ``module:factory``.
        trained: result of each training that has begun, by seed.
        checkpoints: checkpoint of each of these trainings, by seed; it has the weights under ``model``.
        failures: why trainings failed, by seed.
    """

    network: str
    trained: Mapping[int, Trained]
    checkpoints: Mapping[int, Path]
    failures: Mapping[int, str]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """The accuracies of finished trainings, by seed, without nan."""
        found = [trained.accuracy for trained in self.trained.values() if trained.finished]
        return tuple(accuracy for accuracy in found if isfinite(accuracy))

    @property
    def mean(self) -> float | None:
        """The mean accuracy over the seeds; None before the first training has finished."""
        return mean(self.accuracies) if self.accuracies else None

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation over the seeds; None for fewer than two."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else None


@dataclass(frozen=True)
class TrainResults(Ended):
    """The result of a run of trainings.

    Attributes:
        networks: the networks and the results of their trainings, in the order in which they were given.
        run: the run's folder.
        ending: how it ended.
        seconds: how long the run took, including those before a resume.
        workers_lost: how often the process of a training died, so that the training restarted from its checkpoint.
        trouble: why the result could not be written; None if it was.
    """

    networks: Sequence[TrainedNetwork]
    run: Path
    ending: Ending
    seconds: float
    workers_lost: int = 0
    trouble: str | None = None

    @property
    def best(self) -> TrainedNetwork | None:
        """The network with the highest mean accuracy; None before the first training has finished."""
        finished = [network for network in self.networks if network.mean is not None]
        return max(finished, key=lambda network: network.mean or 0.0) if finished else None

    def to_json(self) -> dict[str, Any]:
        """The JSON document that ``rayzc train --json`` prints and ``result.json`` holds."""
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
        """A row for each network: its name, mean and standard deviation of its accuracies, and the accuracies."""
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
