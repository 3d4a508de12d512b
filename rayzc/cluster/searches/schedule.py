"""When the searches of a run have to end, in the processes of all machines, whatever is done to their clocks."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = ["Deadline", "Schedule"]

_BOOT = Path("/proc/sys/kernel/random/boot_id")

Trial = tuple[str, int]
"""Name of the problem, and seed."""


class Deadline(NamedTuple):
    """A moment that other processes know, too.

    The processes of a machine share a clock that nobody can set. Those of other machines go by the date, once, when
    they ask how much time is left.

    Attributes:
        boot: names the machine, since it was started; None where that is not known.
        steady: the moment on the steady clock of that machine.
        date: the moment in seconds since 1970.
    """

    boot: str | None
    steady: float
    date: float

    @classmethod
    def in_(cls, seconds: float) -> "Deadline":
        """The moment that many seconds from now."""
        return cls(_boot(), time.monotonic() + seconds, time.time() + seconds)

    @property
    def left(self) -> float:
        """Seconds until then; negative once it is over."""
        if self.boot is not None and self.boot == _boot():
            return self.steady - time.monotonic()
        return self.date - time.time()


@dataclass(frozen=True)
class Schedule:
    """When the searches of a run have to end, if its time is limited.

    Those that begin late have as much of the time as those that began at once.

    Attributes:
        trials: the searches, in the order in which they begin.
        at_once: how many run at once.
        deadline: when the last has to end.
    """

    trials: Sequence[Trial]
    at_once: int
    deadline: Deadline

    def seconds_for(self, trial: Trial) -> float:
        """How long a search may take that begins now; negative if the time is over."""
        turns = math.ceil(len(self.trials) / self.at_once) - self.trials.index(trial) // self.at_once
        return self.deadline.left / turns


def _boot() -> str | None:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return None
