"""The progress of trainings."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rayzc.training.results import Trained

__all__ = ["Listener", "ProgressReporter", "State", "TrainProgress", "TrainingProgress"]

INTERVAL = 0.5
"""Seconds from one report of the progress to the next, at least."""


class State(StrEnum):
    """Where a training stands."""

    WAITING = "waiting"
    TRAINING = "training"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True)
class TrainingProgress:
    """A training at one moment.

    Attributes:
        network: its name.
        seed: of the training.
        epochs: how many epochs the recipe has.
        state: where it stands.
        trained: what it has come to so far; None before the first epoch.
        process: the process that last trained it; 0 before its first epoch.
    """

    network: str
    seed: int
    epochs: int
    state: State = State.WAITING
    trained: Trained | None = None
    process: int = 0

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return self.trained.epochs if self.trained else 0

    @property
    def left(self) -> int:
        """How many epochs are left to do."""
        return 0 if self.state in (State.ENDED, State.FAILED) else self.epochs - self.epoch


@dataclass(frozen=True)
class TrainProgress:
    """A run of trainings at one moment.

    Attributes:
        seconds: since the run began, those before a resume included.
        seconds_left: how long it still takes, by the epochs so far, or to the time limit; None before the first epoch.
        trainings: each of them.
        lost: how many were begun again from their checkpoints because their process died.
    """

    seconds: float
    seconds_left: float | None
    trainings: tuple[TrainingProgress, ...]
    lost: int

    def count(self, state: str) -> int:
        """How many trainings stand there, see :class:`State`."""
        return sum(training.state == state for training in self.trainings)


Listener = Callable[[TrainProgress], None]


class ProgressReporter:
    """Keeps where every training stands, and reports it now and then.

    Args:
        trainings: each of them, as it stands.
        begun: when the run began, on the monotonic clock, moved back by the seconds before a resume.
        time_limit: seconds; None for no limit.
        listen: called with the progress.

    Attributes:
        lost: how many processes of trainings died.
        parallel: how many trainings run at a time.
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
        """Whether the time limit is over."""
        return self._limit is not None and self.seconds >= self._limit

    def update(self, place: int, state: State, trained: Trained | None = None, process: int = 0) -> None:
        """Notes where a training stands."""
        before = self._trainings[place]
        self._trainings[place] = replace(
            before, state=state, trained=trained or before.trained, process=process or before.process
        )

    def report(self, always: bool = False) -> None:
        """Reports if half a second has passed, or in any case."""
        now = time.monotonic()
        if self._listen and (always or now - self._last >= INTERVAL):
            self._last = now
            self._listen(TrainProgress(self.seconds, self._left(), tuple(self._trainings), self.lost))

    def _left(self) -> float | None:
        """Seconds that the epochs which are left take, each as those of its training, or of all, have taken."""
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
        # The last ones do not share their work: none ends before the longest.
        needed = max(sum(left) / max(1, self.parallel), max(left))
        return needed if limit is None else min(needed, limit)
