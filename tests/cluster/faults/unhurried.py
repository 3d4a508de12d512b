"""An objective that takes its time, so that a run is not over before something happens to it."""

import os
import time

import numpy as np
from numpy.typing import NDArray

_PACE = float(os.environ.get("PACE", "0.0001"))
"""Seconds that a formula takes; more where what happens takes long itself."""


def mean(correlations: NDArray[np.float64]) -> float:
    """The mean correlation, after a while."""
    time.sleep(_PACE)
    return float(np.mean(correlations))
