"""A clock that is set while processes run: in the folder of this file, Python imports it at its start.

What ``time.time`` tells is ahead of the true time by the seconds in the file that ``CLOCK_STEP`` names. The steady
clocks are as they were, as where an administrator, or a daemon that keeps the time, sets the clock of a machine.
"""

import os
import time
from pathlib import Path

_STEP = Path(os.environ.get("CLOCK_STEP", os.devnull))
_time, _time_ns = time.time, time.time_ns


def _ahead() -> float:
    try:
        return float(_STEP.read_text() or 0)
    except (OSError, ValueError):  # it is being written
        return 0.0


def _stepped() -> float:
    return _time() + _ahead()


def _stepped_ns() -> int:
    return _time_ns() + int(_ahead() * 1e9)


time.time, time.time_ns = _stepped, _stepped_ns
