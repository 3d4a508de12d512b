"""Kendall's tau-b, exact, on many problems at once.

Along the order of a formula's values, the discordant pairs are the inversions of the rows' numbers, since rows are
numbered by ascending accuracy. A bit set holds the rows met so far; how many of them lie above a row is one
population count and one running total, and the totals are brought up to date once per block of sixteen rows,
which compare among themselves by brute force. Problems of more than 1,024 rows are first dealt out, stably, into groups
of 1,024 neighbouring numbers: the inversions between groups are counted alike.

Reference: M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945).
"""

import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import ArrayLike, NDArray

from rayzc.evolution.ranking import PASSES, Ranking, buckets, kernel, sort_rows

__all__ = ["KendallTarget", "kendall_tau", "label"]

U = np.uint64
GROUP = 1024
BLOCK = 16
_NOT_FINITE = 2.0  # no tau


@intrinsic
def _population(typing_context: Any, word: Any) -> Any:
    """Number of set bits of an unsigned 64-bit word."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return numba.types.uint64(numba.types.uint64), generate


@dataclass(frozen=True)
class KendallTarget:
    """What tau needs of the accuracies: rows of a problem come in ascending accuracy.

    Attributes:
        first: for each row the first row of its problem with the same accuracy, counted from the problem's
            first, ``(rows,)``.
        tied: pairs of equal accuracy, ``(problems,)``.
    """

    first: NDArray[np.int32]
    tied: NDArray[np.float64]
    _labels: NDArray[np.int32]
    _dealt: NDArray[np.int32]
    _words: NDArray[np.uint64]
    _above: NDArray[np.int64]

    @classmethod
    def of(cls, accuracy: NDArray[np.float64], offsets: NDArray[np.int64]) -> "KendallTarget":
        """Prepares ascending accuracies, ``(rows,)``, of the problems that `offsets` separates."""
        longest = int(np.diff(offsets).max())
        groups = _groups(longest)
        first, tied = np.empty(len(accuracy), np.int32), np.empty(len(offsets) - 1)
        _ties_of(accuracy, offsets, first, tied)
        return cls(
            first,
            tied,
            np.empty(2 * longest, np.int32),
            np.empty(longest, np.int32),
            np.empty(groups, np.uint64),
            np.empty(groups, np.int64),
        )

    def taus(self, ranking: Ranking, out: NDArray[np.float64]) -> None:
        """Writes tau-b of each problem, ``(problems,)``; 0 where a formula or the accuracy is constant."""
        _taus(
            ranking.offsets,
            ranking.order,
            ranking.lead,
            self.first,
            self.tied,
            self._labels,
            self._dealt,
            self._words,
            self._above,
            out,
        )


def kendall_tau(x: ArrayLike, y: ArrayLike) -> float:
    """Kendall's tau-b of two samples, equal to ``scipy.stats.kendalltau``.

    Args:
        x: values, ``(n,)``; infinities are values like others, and integers are compared as integers.
        y: values, ``(n,)``.

    Returns:
        tau-b in [-1, 1]; nan when a value is nan, when a sample is constant, or for fewer than two values.

    Raises:
        ValueError: if the shapes differ or are not one-dimensional.
    """
    a, b = _floats(x), _floats(y)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"x and y need one shape (n,), not {a.shape} and {b.shape}")
    if len(a) < 2:
        return math.nan
    tau = _tau_of_two(a, b)
    if tau == _NOT_FINITE:
        if np.isnan(a).any() or np.isnan(b).any():
            return math.nan
        tau = _tau_of_two(
            *(np.unique(values, return_inverse=True)[1].astype(np.float64) for values in (a, b))
        )
    return float(tau)


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    """Values as float64 of the same order, contiguous and writeable: the one kind that a kernel is compiled for."""
    array = np.asarray(values)
    if array.dtype.kind in "iu" and array.ndim == 1:
        # Neighbours above 2^53 would be one float.
        array = np.unique(array, return_inverse=True)[1]
    floats = np.ascontiguousarray(array, np.float64)
    return floats if floats.flags.writeable else floats.copy()


@kernel
def _tau_of_two(a, b):  # type: ignore[no-untyped-def]
    """Tau of two samples; nan where one is constant, ``_NOT_FINITE`` where a value is not finite."""
    n = len(a)
    for k in range(n):
        if not (np.isfinite(a[k]) and np.isfinite(b[k])):
            return _NOT_FINITE
    offsets = np.array([0, n])
    order, lead, first = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    keys, counts = np.empty((2, n), np.uint64), np.empty((PASSES, buckets(n)), np.uint32)
    sort_rows(b, b.view(np.int64), offsets, keys, counts, order, lead)
    x, y = np.empty(n), np.empty(n)
    for k in range(n):
        x[k], y[k] = a[order[k]], b[order[k]]
    tied, out = np.empty(1), np.empty(1)
    _ties_of(y, offsets, first, tied)
    sort_rows(x, x.view(np.int64), offsets, keys, counts, order, lead)
    if first[n - 1] == 0 or lead[n - 1] == 0:
        return np.nan
    groups = _groups(n)
    words, above = np.empty(groups, np.uint64), np.empty(groups, np.int64)
    labels, dealt = np.empty(2 * n, np.int32), np.empty(n, np.int32)
    _taus(offsets, order, lead, first, tied, labels, dealt, words, above, out)
    return out[0]


@kernel
def _groups(longest):  # type: ignore[no-untyped-def]
    """Room for the bit set of a group, or for one word of every group."""
    return max(longest // GROUP, GROUP // 64) + 2


@kernel
def _ties_of(accuracy, offsets, first, tied):  # type: ignore[no-untyped-def]
    for p in range(len(offsets) - 1):
        low, pairs = offsets[p], 0.0
        first[low] = 0
        for k in range(low + 1, offsets[p + 1]):
            first[k] = first[k - 1] if accuracy[k] == accuracy[k - 1] else k - low
            pairs += float(k - low - first[k])
        tied[p] = pairs


@kernel
def _taus(offsets, order, lead, first, tied, labels, dealt, words, above, out):  # type: ignore[no-untyped-def]
    for p in range(len(offsets) - 1):
        low = U(offsets[p])
        n = U(offsets[p + 1]) - low
        if tied[p] > 0.0:
            label(order, first, low, n, labels)
        else:
            for k in range(n):
                labels[k] = order[low + k]
        discordant = (
            _inversions(labels, U(0), n, U(0), words, above)
            if n <= U(GROUP)
            else _inversions_by_group(labels, n, dealt, words, above)
        )
        x_tied, both_tied = _tied(order, lead, first, low, n)
        pairs = float(n) * (float(n) - 1.0) / 2.0
        if x_tied == pairs or tied[p] == pairs:
            out[p] = 0.0
            continue
        balance = pairs - x_tied - tied[p] + both_tied - 2.0 * float(discordant)
        tau = balance / np.sqrt(pairs - x_tied) / np.sqrt(pairs - tied[p])
        out[p] = min(1.0, max(-1.0, tau))


@kernel
def label(order, first, low, n, labels):  # type: ignore[no-untyped-def]
    """Numbers rows of equal accuracy by their place in the order, so that they are in no inversion."""
    for k in range(n):
        labels[n + k] = 0
    for k in range(n):
        group = U(first[low + U(order[low + k])])
        labels[k] = np.int32(group) + labels[n + group]
        labels[n + group] += np.int32(1)


@kernel
def _tied(order, lead, first, low, n):  # type: ignore[no-untyped-def]
    """Pairs tied in the formula, and pairs tied in both the formula and the accuracy."""
    x_tied, both_tied = 0.0, 0.0
    any_tie = U(0)
    for k in range(low, low + n):
        any_tie |= U(lead[k]) ^ (k - low)
    if any_tie == U(0):
        return x_tied, both_tied
    same = 0.0
    for k in range(low + U(1), low + n):
        if lead[k] != lead[k - U(1)]:
            same = 0.0
            continue
        x_tied += float(k - low - U(lead[k]))
        joint = first[low + U(order[k])] == first[low + U(order[k - U(1)])]
        same = same + 1.0 if joint else 0.0
        both_tied += same
    return x_tied, both_tied


@kernel
def _inversions(labels, begin, stop, base, words, above):  # type: ignore[no-untyped-def]
    """Inversions among ``labels[begin:stop]``, distinct numbers in ``[base, base + GROUP)``."""
    top = U(0)
    for k in range(begin, stop):
        top = max(top, U(labels[k]) - base)
    last = top >> U(6)
    for w in range(last + U(1)):
        words[w] = U(0)
        above[w] = 0
    total = 0
    whole = begin + ((stop - begin) // U(BLOCK)) * U(BLOCK)
    for block in range(begin, whole, U(BLOCK)):
        within = np.int32(0)
        for a in range(U(BLOCK)):
            label = labels[block + a]
            # All pairs, though half of them count: of a constant length, this is a few vector instructions.
            for b in range(U(BLOCK)):
                within += np.int32((labels[block + b] > label) & (b < a))
        total += np.int64(within)
        for k in range(block, block + U(BLOCK)):
            total += _met_above(U(labels[k]) - base, words, above)
        for k in range(block, block + U(BLOCK)):
            _meet(U(labels[k]) - base, words)
        running = 0
        w = last + U(1)
        while w > U(0):
            w -= U(1)
            above[w] = running
            running += np.int64(_population(words[w]))
    for k in range(whole, stop):
        number = U(labels[k]) - base
        total += _met_above(number, words, above)
        _meet(number, words)
        for w in range(number >> U(6)):
            above[w] += 1
    return total


@kernel
def _met_above(number, words, above):  # type: ignore[no-untyped-def]
    """How many of the numbers that the bit set has are above this one."""
    w = number >> U(6)
    return above[w] + np.int64(_population(words[w] >> (number & U(63))))


@kernel
def _meet(number, words):  # type: ignore[no-untyped-def]
    words[number >> U(6)] |= U(1) << (number & U(63))


@kernel
def _inversions_by_group(labels, n, dealt, words, above):  # type: ignore[no-untyped-def]
    groups = (n + U(GROUP - 1)) // U(GROUP)
    for g in range(groups + U(1)):
        words[g] = U(0)  # how many of group g were met
        above[g] = 0  # how many of the groups above g were met
    total = 0
    for begin in range(U(0), n, U(8)):
        stop = min(begin + U(8), n)
        for k in range(begin, stop):
            group = U(labels[k]) // U(GROUP)
            total += above[group]
            for b in range(begin, k):
                total += np.int64(U(labels[b]) // U(GROUP) > group)
        for k in range(begin, stop):
            group = U(labels[k]) // U(GROUP)
            dealt[group * U(GROUP) + words[group]] = labels[k]
            words[group] += U(1)
        running = 0
        g = groups
        while g > U(0):
            g -= U(1)
            above[g] = running
            running += np.int64(words[g])
    for begin in range(U(0), n, U(GROUP)):
        total += _inversions(dealt, begin, min(begin + U(GROUP), n), begin, words, above)
    return total
