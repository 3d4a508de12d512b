"""The exact tau against scipy's, on one core."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from rayzc.evolution import kendall_tau
from rayzc.evolution.kendall import KendallTarget
from rayzc.evolution.ranking import Ranking

__all__ = ["run"]


def seconds_per_call(function: Callable[[], Any], calls: int, repeats: int = 7) -> float:
    """The best mean time of several repeats, seconds."""
    best = np.inf
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in range(calls):
            function()
        best = min(best, (time.perf_counter() - begin) / calls)
    return float(best)


def run() -> Iterator[dict[str, Any]]:
    """Yields a row for every number of values, for a prepared target (as in a run) and for two plain arrays."""
    rng = np.random.default_rng(0)
    for n, calls in ((700, 400), (15_000, 40)):
        accuracy, values = rng.normal(size=n), rng.normal(size=n)
        offsets = np.array([0, n])
        order = np.argsort(accuracy)
        ranking, target = Ranking(offsets), KendallTarget.of(accuracy[order], offsets)
        sorted_values, out = np.ascontiguousarray(values[order]), np.empty(1)

        def prepared(
            ranking: Ranking = ranking,
            target: KendallTarget = target,
            values: Any = sorted_values,
            out: Any = out,
        ) -> float:
            ranking.sort(values)
            target.taus(ranking, out)
            return float(out[0])

        def plain(x: Any = values, y: Any = accuracy) -> float:
            return kendall_tau(x, y)

        expected = kendalltau(values, accuracy).statistic
        assert abs(prepared() - expected) < 1e-12
        assert abs(plain() - expected) < 1e-12
        peer = seconds_per_call(lambda x=values, y=accuracy: kendalltau(x, y), calls // 8)
        for name, ours in (("prepared target", prepared), ("two arrays", plain)):
            mine = seconds_per_call(ours, calls)
            yield {
                "name": f"Kendall's tau, {n} values, {name}",
                "unit": "microseconds",
                "ours": round(1e6 * mine, 2),
                "peer": round(1e6 * peer, 2),
                "ratio": round(peer / mine, 2),
            }
