"""An objective that takes its time, so that a run is not over before something happens to it."""

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HOLD = Path(os.environ.get("HOLD", "no-such-file"))
"""While this file exists, a run hardly advances: for what takes long itself, such as a machine that joins."""


def mean(correlations: NDArray[np.float64]) -> float:
    """The mean correlation, after a while."""
    time.sleep(0.01 if _HOLD.exists() else 0.0001)
    return float(np.mean(correlations))
