"""Rank correlations between a ranking and the accuracies, by name; all are exact and handle ties.

A correlation is made for a table once and then called for every ranking. To add a correlation, write a class with these
two methods and enter it in :data:`CORRELATIONS`.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.kendall import KendallTarget, label
from rayzc.evolution.ranking import Ranking, kernel
from rayzc.evolution.tables import Tables

__all__ = ["CORRELATIONS", "Correlation", "Kendall", "Spearman", "WeightedKendall"]

U = np.uint64


class Correlation(Protocol):
    """A rank correlation with the accuracies of a table."""

    def __call__(self, ranking: Ranking) -> NDArray[np.float64]:
        """Correlations of a sorted ranking, ``(problems,)`` in [-1, 1]; 0 where the formula is constant."""


class Kendall:
    """Kendall's tau-b, as ``scipy.stats.kendalltau``."""

    def __init__(self, tables: Tables) -> None:
        self._target = KendallTarget.of(tables.accuracy, tables.offsets)

    def __call__(self, ranking: Ranking) -> NDArray[np.float64]:
        """See :class:`Correlation`."""
        out = np.empty(len(ranking.offsets) - 1)
        self._target.taus(ranking, out)
        return out


class Spearman:
    """Spearman's rho: Pearson's correlation of the ranks, ties at their mean, as ``scipy.stats.spearmanr``."""

    def __init__(self, tables: Tables) -> None:
        first = KendallTarget.of(tables.accuracy, tables.offsets).first
        self._ranks = np.empty(len(first))
        self._squares = np.zeros(len(tables.offsets) - 1)
        for p, (low, high) in enumerate(pairwise(tables.offsets)):
            starts, counts = np.unique(first[low:high], return_counts=True)
            ranks = starts + (counts - 1) / 2 - (high - low - 1) / 2
            self._ranks[low:high] = np.repeat(ranks, counts)
            if len(ranks):
                self._squares[p] = np.cumsum(counts * ranks * ranks)[-1]

    def __call__(self, ranking: Ranking) -> NDArray[np.float64]:
        """See :class:`Correlation`."""
        out = np.empty(len(ranking.offsets) - 1)
        _spearman(ranking.offsets, ranking.order, ranking.lead, self._ranks, self._squares, out)
        return out


class WeightedKendall:
    """Kendall's tau with hyperbolic weights, as ``scipy.stats.weightedtau`` with its defaults.

    An exchange of two architectures weighs the sum of 1 / rank of both, ranks counted from the top, so that the
    top of the ranking, where a search ends, matters most. The mean of the ranking by formula and of that by
    accuracy is taken. Reference: S. Vigna, "A weighted correlation index for rankings with ties", WWW 2015.
    """

    def __init__(self, tables: Tables) -> None:
        self._target = KendallTarget.of(tables.accuracy, tables.offsets)
        longest = int(np.diff(tables.offsets).max())
        self._labels = np.empty(2 * longest, np.int32)
        self._tree = np.empty((longest + 1, 3))

    def __call__(self, ranking: Ranking) -> NDArray[np.float64]:
        """See :class:`Correlation`."""
        out = np.empty(len(ranking.offsets) - 1)
        _weighted(
            ranking.offsets, ranking.order, ranking.lead, self._target.first, self._labels, self._tree, out
        )
        return out


CORRELATIONS: Mapping[str, Callable[[Tables], Correlation]] = MappingProxyType(
    {"kendall": Kendall, "spearman": Spearman, "weighted_kendall": WeightedKendall}
)
"""The rank correlations by name."""


@kernel
def _spearman(offsets, order, lead, ranks, squares, out):  # type: ignore[no-untyped-def]
    """From the centred mean ranks of the accuracies, and by problem the sum of their squares."""
    for p in range(len(offsets) - 1):
        low = U(offsets[p])
        n = U(offsets[p + 1]) - low
        middle = (float(n) - 1.0) / 2.0
        x_squares, product = 0.0, 0.0
        start = U(0)
        while start < n:
            stop = start + U(1)
            while stop < n and U(lead[low + stop]) == start:
                stop += U(1)
            rank = (float(start) + float(stop) - 1.0) / 2.0 - middle
            for k in range(start, stop):
                product += rank * ranks[low + U(order[low + k])]
            x_squares += float(stop - start) * rank * rank
            start = stop
        out[p] = 0.0
        if x_squares > 0.0 and squares[p] > 0.0:
            out[p] = min(1.0, max(-1.0, product / np.sqrt(x_squares) / np.sqrt(squares[p])))


@kernel
def _weighted(offsets, order, lead, first, labels, tree, out):  # type: ignore[no-untyped-def]
    for p in range(len(offsets) - 1):
        low = U(offsets[p])
        n = U(offsets[p + 1]) - low
        label(order, first, low, n, labels)
        total = 0.0
        for k in range(n):
            total += 1.0 / (float(k) + 1.0)
        total *= float(n) - 1.0
        tau = 0.0
        exchanged = _exchanges(labels, n, tree)
        for by_accuracy in range(2):
            x_tied, both_tied = _tied_weight(lead, order, first, low, n, labels, by_accuracy == 1)
            y_tied = _tied_accuracy(first, low, n, labels, by_accuracy == 1)
            if total - x_tied <= 1e-12 * total or total - y_tied <= 1e-12 * total:
                continue
            balance = total - x_tied - y_tied + both_tied - 2.0 * exchanged[by_accuracy]
            tau += balance / np.sqrt(total - x_tied) / np.sqrt(total - y_tied)
        out[p] = min(1.0, max(-1.0, tau / 2.0))


@kernel
def _weight(labels, k, n, by_accuracy):  # type: ignore[no-untyped-def]
    """Weight of the row at place `k`: 1 / rank from the top, by accuracy or by the formula."""
    return 1.0 / float(n - (U(labels[k]) if by_accuracy else k))


@kernel
def _exchanges(labels, n, tree):  # type: ignore[no-untyped-def]
    """Summed weights of the discordant pairs, by the formula's ranks and by the accuracy's (Fenwick tree)."""
    for k in range(n + U(1)):
        tree[k, 0] = tree[k, 1] = tree[k, 2] = 0.0
    by_formula, by_accuracy = 0.0, 0.0
    for k in range(n):
        own_x, own_y = _weight(labels, k, n, False), _weight(labels, k, n, True)
        node = n - U(1) - U(labels[k])  # rows of higher labels have lower nodes
        while node > U(0):
            by_formula += tree[node, 0] * own_x + tree[node, 1]
            by_accuracy += tree[node, 0] * own_y + tree[node, 2]
            node &= node - U(1)
        node = n - U(labels[k])
        while node <= n:
            tree[node, 0] += 1.0
            tree[node, 1] += own_x
            tree[node, 2] += own_y
            node += node & (~node + U(1))
    return by_formula, by_accuracy


@kernel
def _tied_weight(lead, order, first, low, n, labels, by_accuracy):  # type: ignore[no-untyped-def]
    """Summed weights of the pairs that the formula ties, and of those that are tied in both."""
    x_tied, both_tied = 0.0, 0.0
    run, run_weight, joint, joint_weight = 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        weight = _weight(labels, k, n, by_accuracy)
        if U(lead[low + k]) == k:
            run, run_weight, joint, joint_weight = 1.0, weight, 1.0, weight
            continue
        x_tied += run * weight + run_weight
        run, run_weight = run + 1.0, run_weight + weight
        here, before = U(order[low + k]), U(order[low + k - U(1)])
        if first[low + here] == first[low + before]:
            both_tied += joint * weight + joint_weight
            joint, joint_weight = joint + 1.0, joint_weight + weight
        else:
            joint, joint_weight = 1.0, weight
    return x_tied, both_tied


@kernel
def _tied_accuracy(first, low, n, labels, by_accuracy):  # type: ignore[no-untyped-def]
    """Summed weights of the pairs of equal accuracy."""
    if by_accuracy:
        tied, run, run_weight = 0.0, 0.0, 0.0
        for k in range(n):
            weight = 1.0 / float(n - k)
            if U(first[low + k]) == k:
                run, run_weight = 0.0, 0.0
            tied += run * weight + run_weight
            run, run_weight = run + 1.0, run_weight + weight
        return tied
    place_weight = np.empty(n)
    for k in range(n):
        place_weight[U(labels[k])] = 1.0 / float(n - k)
    tied, run, run_weight = 0.0, 0.0, 0.0
    for k in range(n):
        if U(first[low + k]) == k:
            run, run_weight = 0.0, 0.0
        tied += run * place_weight[k] + run_weight
        run, run_weight = run + 1.0, run_weight + place_weight[k]
    return tied
