"""An objective that takes its time, so that a run is not over before something happens to it."""

import time

import numpy as np
from numpy.typing import NDArray


def mean(correlations: NDArray[np.float64]) -> float:
    """The mean correlation, after a while."""
    time.sleep(0.0001)
    return float(np.mean(correlations))
