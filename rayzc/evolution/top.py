"""The top of a ranking, where a search ends: how good the architectures are that a formula puts first.

A rank correlation weighs all pairs alike; these measures look at the first few only. What is tied is taken at its
worst: of architectures that a formula ties, the less accurate count as ranked first. So a tie is never rewarded, and
all measures are determined by values and accuracies, whatever the order of the rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import ceil

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIRST", "SHARE", "Top", "best_first", "mean_top", "ndcg", "top_of"]

FIRST = 10
"""Number of architectures on a shortlist."""

SHARE = 0.05
"""The share of the architectures that counts as the top."""


@dataclass(frozen=True)
class Top:
    """How good the first of a ranking are.

    Attributes:
        regret: the best accuracy less that of the architecture ranked first, in the suite's unit of accuracy.
        first: true rank of the architecture ranked first, as a share of all: 0.02 is within the best 2 %.
        best_of_ten: the best true rank of the first ten, as a share of all.
        precision: share of the best 5 % that are ranked within the first 5 %.
        ndcg: normalised discounted cumulative gain of the first 5 %, at least ten, see :func:`ndcg`.
    """

    regret: float
    first: float
    best_of_ten: float
    precision: float
    ndcg: float


def top_of(values: NDArray[np.float64], accuracy: NDArray[np.float64]) -> Top:
    """Measures the top of a ranking.

    Example:
        >>> top_of(np.array([3.0, 2.0, 1.0]), np.array([70.0, 90.0, 80.0])).first
        1.0

    Args:
        values: of a formula, ``(architectures,)``, the larger the better; what is not finite ranks last.
        accuracy: the true accuracies, ``(architectures,)``.

    Raises:
        ValueError: there are no architectures.
    """
    if not len(accuracy):
        raise ValueError("there are no architectures, so a ranking has no top")
    count = len(accuracy)
    best = ceil(SHARE * count)
    ranked = accuracy[best_first(values, accuracy)]
    # The rank of the worst that is as accurate would punish ties of the accuracy: the best of equals counts.
    ranks = 1 + count - np.searchsorted(np.sort(accuracy), ranked, side="right")
    threshold = np.sort(accuracy)[-best]
    return Top(
        regret=float(accuracy.max() - ranked[0]),
        first=float(ranks[0] / count),
        best_of_ten=float(ranks[:FIRST].min() / count),
        precision=float((ranked[:best] >= threshold).mean()),
        ndcg=ndcg(ranked),
    )


def best_first(values: NDArray[np.float64], accuracy: NDArray[np.float64]) -> NDArray[np.int64]:
    """The architectures in the order of a formula's values, the highest first, and of equals the least accurate.

    Args:
        values: of a formula, ``(architectures,)``; what is not finite comes last.
        accuracy: the true accuracies, ``(architectures,)``.

    Returns:
        Their places, ``(architectures,)``.
    """
    finite = np.where(np.isfinite(values), values, -np.inf)
    order: NDArray[np.int64] = np.lexsort((accuracy, -finite))
    return order


def ndcg(ranked: NDArray[np.float64]) -> float:
    """Normalised discounted cumulative gain of the first 5 %, at least ten, of a ranking.

    The gain of an architecture is ``2 ** g - 1``, where g is the share of the others that are less accurate: accuracies
    themselves have other units and other spreads in every problem. At place k, from 1, it is divided by
    ``log2(1 + k)``; the sum is divided by that of the best possible order. A random order has about 0.45.

    Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 2002.

    Args:
        ranked: true accuracies in the order of the ranking, the first first, ``(architectures,)``.

    Returns:
        In [0, 1]; 1 for an order that cannot be better.
    """
    count = len(ranked)
    cut = min(count, max(FIRST, ceil(SHARE * count)))
    ascending = np.sort(ranked)
    beaten = np.searchsorted(ascending, ranked[:cut], side="left") / max(1, count - 1)
    ideal = np.searchsorted(ascending, ascending[::-1][:cut], side="left") / max(1, count - 1)
    discount = 1.0 / np.log2(np.arange(cut) + 2.0)
    most = float(((2.0**ideal - 1.0) * discount).sum())
    return float(((2.0**beaten - 1.0) * discount).sum()) / most if most else 1.0


def mean_top(tops: Iterable[Top]) -> Top:
    """The mean of each measure over problems.

    Args:
        tops: of the problems, at least one.
    """
    every = [*tops]
    return Top(*(float(np.mean([getattr(top, field.name) for top in every])) for field in fields(Top)))
