"""Objectives: from the correlations on every problem to the one number that is maximised, by name.

An objective is a function of the correlations, ``(problems,)``, that returns a float; a user's own is named
``module:function``, and :func:`rayzc.testing.check_objective` checks it.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["OBJECTIVES", "Objective", "cvar", "mean", "mean_minus_std", "minimum"]

Objective = Callable[[NDArray[np.float64]], float]


def mean(correlations: NDArray[np.float64]) -> float:
    """The mean over the problems."""
    # The same bits as ``correlations.mean()``, in a fraction of its time on so few values.
    return float(np.add.reduce(correlations)) / len(correlations)


def minimum(correlations: NDArray[np.float64]) -> float:
    """The worst problem."""
    return float(correlations.min())


def mean_minus_std(correlations: NDArray[np.float64]) -> float:
    """The mean minus one standard deviation over the problems: good on average, and evenly so."""
    return float(correlations.mean() - correlations.std())


def cvar(correlations: NDArray[np.float64]) -> float:
    """The mean over the worst quarter of the problems, at least one (conditional value at risk)."""
    worst = math.ceil(len(correlations) / 4)
    return float(np.sort(correlations)[:worst].mean())


OBJECTIVES: Mapping[str, Objective] = MappingProxyType(
    {"mean": mean, "min": minimum, "mean-std": mean_minus_std, "cvar": cvar}
)
"""The objectives by name."""
