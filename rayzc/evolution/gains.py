"""How good the top of a ranking is, fast: what objectives of the top are made of."""

from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.kendall import KendallTarget
from rayzc.evolution.ranking import Ranking, kernel
from rayzc.evolution.tables import Tables
from rayzc.evolution.top import FIRST, SHARE

__all__ = ["TopGain"]

U = np.uint64


class TopGain:
    """The normalised discounted cumulative gain of the first 5 %, :func:`rayzc.evolution.top.ndcg`, of every problem.

    Args:
        tables: what formulas are judged on.
    """

    def __init__(self, tables: Tables) -> None:
        first = KendallTarget.of(tables.accuracy, tables.offsets).first
        self._gains = np.empty(len(first))
        self._cuts = np.empty(len(tables.offsets) - 1, np.int64)
        self._most = np.empty(len(tables.offsets) - 1)
        longest = int(np.diff(tables.offsets).max())
        self._discount = 1.0 / np.log2(np.arange(longest) + 2.0)
        for p, (low, high) in enumerate(pairwise(tables.offsets)):
            count = int(high - low)
            cut = self._cuts[p] = min(count, max(FIRST, ceil(SHARE * count)))
            gains = self._gains[low:high] = 2.0 ** (first[low:high] / max(1, count - 1)) - 1.0
            self._most[p] = (gains[::-1][:cut] * self._discount[:cut]).sum()

    def __call__(self, ranking: Ranking) -> NDArray[np.float64]:
        """The gains of a sorted ranking, ``(problems,)`` in [0, 1]."""
        out = np.empty(len(ranking.offsets) - 1)
        _gains(
            ranking.offsets,
            ranking.order,
            ranking.lead,
            self._gains,
            self._cuts,
            self._discount,
            self._most,
            out,
        )
        return out


@kernel
def _gains(offsets, order, lead, gains, cuts, discount, most, out):  # type: ignore[no-untyped-def]
    """From the highest values down; of rows of one value, the least accurate come first, as everywhere."""
    for p in range(len(offsets) - 1):
        low = U(offsets[p])
        stop = U(offsets[p + 1]) - low
        cut = U(cuts[p])
        place = U(0)
        total = 0.0
        while stop > U(0) and place < cut:
            start = U(lead[low + stop - U(1)])
            for k in range(start, stop):
                if place < cut:
                    total += gains[low + U(order[low + k])] * discount[place]
                    place += U(1)
            stop = start
        out[p] = total / most[p] if most[p] > 0.0 else 1.0
