"""How a run tells that a signal ended it."""

__all__ = ["interrupted_by", "signal_of"]

_WORDS = "interrupted by "


def interrupted_by(signal: str) -> str:
    """Why a run stopped, for its result: ``interrupted by SIGINT``."""
    return f"{_WORDS}{signal}"


def signal_of(stopped: str) -> str | None:
    """The signal that ended a run; None if it ended by itself."""
    return stopped.removeprefix(_WORDS) if stopped.startswith(_WORDS) else None
