"""How a run ended: why, and by which signal."""

from dataclasses import dataclass
from enum import StrEnum
from signal import Signals

from rayzc.errors import RunError

__all__ = ["Ended", "Ending", "Reason"]

_INTERRUPTED_BY = "interrupted by "


class Reason(StrEnum):
    """Why a run ended."""

    EPOCHS = "epochs"
    EVALUATIONS = "evaluations"
    PLATEAU = "plateau"
    TIME_LIMIT = "time limit"
    ALL_ENDED = "all searches ended"
    ALL_BRED = "all discoveries ended"
    ALL_TRAINED = "all trainings ended"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Attributes:
        reason: why.
        signal: the signal that interrupted it; None if it ended by itself.
    """

    reason: Reason
    signal: Signals | None = None

    @classmethod
    def interrupted_by(cls, number: Signals) -> "Ending":
        """The ending of a run that a signal interrupted."""
        return cls(Reason.INTERRUPTED, number)

    def __str__(self) -> str:
        """The ending as results show and store it: ``time limit``, ``interrupted by SIGINT``."""
        return str(self.reason) if self.signal is None else f"{_INTERRUPTED_BY}{self.signal.name}"

    @classmethod
    def read(cls, text: str) -> "Ending":
        """Reads what a stored result has.

        Raises:
            RunError: it is none of the endings that this version knows.
        """
        try:
            if text.startswith(_INTERRUPTED_BY):
                return cls.interrupted_by(Signals[text.removeprefix(_INTERRUPTED_BY)])
            return cls(Reason(text))
        except (KeyError, ValueError):
            raise RunError(
                f"a stored result ended by '{text}', which this version of rayzc does not know"
            ) from None


class Ended:
    """What all results have: how their run ended."""

    __slots__ = ()

    ending: Ending

    @property
    def stopped(self) -> str:
        """How the run ended, in words."""
        return str(self.ending)

    @property
    def interrupted(self) -> Signals | None:
        """The signal that interrupted it, if one did."""
        return self.ending.signal
