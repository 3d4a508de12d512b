"""Objectives: from the correlations on every problem to the one number that is maximised, by name.

An objective is a function of the correlations, ``(problems,)``, that returns a float; a user's own is named
``module:function``, and :func:`rayzc.testing.check_objective` checks it. Objectives of the top also take how good the
top of the ranking is on every problem, ``(problems,)`` in [0, 1], see :func:`rayzc.evolution.top.ndcg`.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import RunError
from rayzc.options.breeding import Settings
from rayzc.user_code import user_module

__all__ = [
    "OBJECTIVES",
    "TOP",
    "Objective",
    "cvar",
    "mean",
    "mean_and_top",
    "mean_minus_std",
    "minimum",
    "objective_of",
    "top",
]

Objective = Callable[..., float]
"""Takes the correlations; those of :data:`TOP` also take how good the top is."""


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


def top(correlations: NDArray[np.float64], tops: NDArray[np.float64]) -> float:
    """The mean over the problems of how good the top is."""
    return float(tops.mean())


def mean_and_top(correlations: NDArray[np.float64], tops: NDArray[np.float64]) -> float:
    """Half the mean correlation, half how good the top is."""
    return (mean(correlations) + float(tops.mean())) / 2.0


OBJECTIVES: Mapping[str, Objective] = MappingProxyType(
    {"mean": mean, "min": minimum, "mean-std": mean_minus_std, "cvar": cvar}
)
"""The objectives of the correlations by name."""

TOP: Mapping[str, Objective] = MappingProxyType({"top": top, "mean+top": mean_and_top})
"""The objectives that look at the top, by name."""


def objective_of(settings: Settings) -> Objective:
    """The objective that settings name, or are.

    Raises:
        RunError: a ``module:function`` that cannot be imported, or is not a function.
    """
    chosen = settings.objective
    if not isinstance(chosen, str):
        own: Objective = chosen
        return own
    known = {**OBJECTIVES, **TOP}
    if chosen in known:
        return known[chosen]
    module, _, function = chosen.partition(":")
    if not module:
        raise RunError(f"objective '{chosen}' names no module; write module:function")
    found: Objective | None = getattr(user_module(module, RunError), function, None)
    if found is None:
        raise RunError(f"objective '{chosen}': module {module} has no '{function}'")
    if not callable(found):
        raise RunError(f"objective '{chosen}' is not a function of the correlations")
    return found
