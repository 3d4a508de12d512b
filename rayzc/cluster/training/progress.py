"""The progress of trainings, and its reporter."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rayzc.training.results import Trained

__all__ = ["Listener", "ProgressReporter", "State", "TrainProgress", "TrainingProgress"]

INTERVAL = 0.5
"""Seconds between reports of the progress, at least."""


class State(StrEnum):
    """The state of a training."""

    WAITING = "waiting"
    TRAINING = "training"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True)
class TrainingProgress:
    """The state of a training at one moment.

    Attributes:
        network: name of the network.
        seed: seed of the training.
        epochs: number of epochs of the recipe.
        state: whether it is waiting, training, ended or failed.
        trained: its result so far; None before the first epoch.
        process: id of the process that trained its last epoch; 0 before the first epoch.
    """

    network: str
    seed: int
    epochs: int
    state: State = State.WAITING
    trained: Trained | None = None
    process: int = 0

    @property
    def epoch(self) -> int:
        """Number of completed epochs."""
        return self.trained.epochs if self.trained else 0

    @property
    def left(self) -> int:
        """Number of epochs that are left."""
        return 0 if self.state in (State.ENDED, State.FAILED) else self.epochs - self.epoch


@dataclass(frozen=True)
class TrainProgress:
    """The state of a run of trainings at one moment.

    Attributes:
        seconds: since the run began, including those before a resume.
        seconds_left: to the estimated end, or to the time limit if that is earlier; None if neither is known.
        trainings: the state of each training.
        lost: how often the process of a training died, so that the training restarted from its checkpoint.
    """

    seconds: float
    seconds_left: float | None
    trainings: tuple[TrainingProgress, ...]
    lost: int

    def count(self, state: str) -> int:
        """Number of trainings in a :class:`State`."""
        return sum(training.state == state for training in self.trainings)


Listener = Callable[[TrainProgress], None]


class ProgressReporter:
    """Collects the states of all trainings, and reports their progress twice a second.

    Args:
        trainings: the state of each training at the beginning.
        begun: when the run began, on the monotonic clock, moved back by the seconds before a resume.
        time_limit: seconds; None for no limit.
        listen: called with the progress.

    Attributes:
        lost: how often the process of a training died.
        parallel: number of trainings that run at a time.
    """

    def __init__(
        self,
        trainings: Sequence[TrainingProgress],
        begun: float,
        time_limit: float | None,
        listen: Listener | None,
    ) -> None:
        self.lost, self.parallel = 0, 1
        self._trainings = list(trainings)
        self._begun, self._limit, self._listen, self._last = begun, time_limit, listen, 0.0

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._begun

    @property
    def out_of_time(self) -> bool:
        """Whether the time limit is reached."""
        return self._limit is not None and self.seconds >= self._limit

    def update(self, place: int, state: State, trained: Trained | None = None, process: int = 0) -> None:
        """Notes the state of a training, and its result and process if they are given."""
        before = self._trainings[place]
        self._trainings[place] = replace(
            before, state=state, trained=trained or before.trained, process=process or before.process
        )

    def report(self, always: bool = False) -> None:
        """Reports the progress if half a second has passed, or in any case."""
        now = time.monotonic()
        if self._listen and (always or now - self._last >= INTERVAL):
            self._last = now
            self._listen(TrainProgress(self.seconds, self._left(), tuple(self._trainings), self.lost))

    def _left(self) -> float | None:
        """Seconds that the remaining epochs take, by the mean time of epochs of the same training, or of all."""
        known = [training.trained for training in self._trainings if training.trained]
        epochs = sum(trained.epochs for trained in known)
        limit = None if self._limit is None else max(0.0, self._limit - self.seconds)
        if not epochs:
            return limit
        mean = sum(trained.seconds for trained in known) / epochs
        left = [
            training.left
            * (training.trained.seconds / training.epoch if training.trained and training.epoch else mean)
            for training in self._trainings
        ]
        # A training runs on one worker, so the run lasts at least as long as the longest training.
        needed = max(sum(left) / max(1, self.parallel), max(left))
        return needed if limit is None else min(needed, limit)
