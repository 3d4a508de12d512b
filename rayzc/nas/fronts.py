"""Which of several is better, by one objective or by many: non-dominated sorting (NSGA-II, Deb et al., 2002)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["best_first", "crowding_distances", "front_numbers"]


def best_first(values: Sequence[tuple[float, ...]]) -> list[int]:
    """Positions, the best first; equals stay in order.

    Several objectives are ordered by front, and within a front by crowding distance, the loneliest first.

    Args:
        values: objectives of each candidate, all to be maximised.
    """
    if not values:
        return []
    if len(values[0]) == 1:
        return sorted(range(len(values)), key=lambda i: -values[i][0])
    fronts = front_numbers(values)
    lonely = np.zeros(len(values))
    for front in range(int(fronts.max()) + 1):
        members = np.flatnonzero(fronts == front)
        lonely[members] = crowding_distances(np.asarray(values, dtype=np.float64)[members])
    return [int(i) for i in np.lexsort((-lonely, fronts))]


def front_numbers(values: ArrayLike) -> NDArray[np.int64]:
    """The front of each candidate: 0 where no other dominates, 1 where only those of front 0 do, and so on.

    One dominates another if it is at least as good in every objective and better in one.

    Args:
        values: ``(candidates, objectives)``, all to be maximised, without nan.

    Returns:
        ``(candidates,)``.
    """
    array = np.asarray(values, dtype=np.float64)
    at_least = np.ones((len(array), len(array)), dtype=bool)
    better = np.zeros_like(at_least)
    for objective in array.T:  # one at a time, so that memory does not grow with the objectives
        at_least &= objective[:, None] >= objective
        better |= objective[:, None] > objective
    dominates = at_least & better
    fronts = np.full(len(array), -1, dtype=np.int64)
    dominators = dominates.sum(axis=0)
    front = 0
    while (fronts < 0).any():
        members = (fronts < 0) & (dominators == 0)
        fronts[members] = front
        dominators = dominators - dominates[members].sum(axis=0)
        front += 1
    return fronts


def crowding_distances(values: ArrayLike) -> NDArray[np.float64]:
    """How far the neighbours of each member of a front are apart, summed over the objectives.

    Each objective is scaled to its range in the front; the members at its ends have infinite distance.

    Args:
        values: ``(members, objectives)``.

    Returns:
        ``(members,)``.
    """
    array = np.asarray(values, dtype=np.float64)
    distances = np.zeros(len(array))
    for objective in array.T:
        order = np.argsort(objective, kind="stable")
        ordered = objective[order]
        distances[order[[0, -1]]] = np.inf
        if np.isfinite(ordered).all() and ordered[0] < ordered[-1]:
            distances[order[1:-1]] += (ordered[2:] - ordered[:-2]) / (ordered[-1] - ordered[0])
    return distances
