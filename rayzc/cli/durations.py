"""Durations as people write them."""

import re

from rayzc.errors import RunError

__all__ = ["clock", "compact", "seconds"]

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "": 1.0}


def seconds(text: str) -> float:
    """Seconds in ``90``, ``90s``, ``3m`` or ``1h30m``.

    Raises:
        RunError: the text is none of these.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([hms]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise RunError(f"'{text}' is not a duration: write 90s, 3m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def compact(duration: float) -> str:
    """Seconds as :func:`seconds` reads them: ``90s``, ``3m``, ``1h30m``."""
    minutes, rest = divmod(int(duration), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def clock(duration: float) -> str:
    """A duration as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(int(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
