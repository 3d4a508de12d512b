"""Baselines that rank a pool of architectures as a whole, by the ranks that several proxies give them.

Such a ranking has no score for a single network: an architecture's value depends on the others in the pool.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.assessment import kendall
from rayzc.formula import ranking_values
from rayzc.problems import Suite

__all__ = ["POOL_RANKINGS", "PoolRanking", "assess_pools", "az_nas", "log_ranks"]

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PoolRanking:
    """A way to rank a pool.

    Attributes:
        name: how documents call it.
        proxies: those that it combines.
        function: from the scores of these, by proxy, to the values of the architectures, the larger the better.
    """

    name: str
    proxies: tuple[str, ...]
    function: Callable[[Mapping[str, Column]], Column]


def log_ranks(columns: Mapping[str, Column]) -> Column:
    """The sum over the proxies of log(rank / architectures): the best has the highest rank, and ties share theirs.

    Args:
        columns: scores by proxy, ``(architectures,)`` each, the larger the better; what is not finite ranks last.

    Returns:
        ``(architectures,)``, at most 0.
    """
    from scipy.stats import rankdata

    values = [ranking_values(column) for column in columns.values()]
    ranks = [np.log(rankdata(column) / len(column)) for column in values]
    total: Column = np.sum(ranks, axis=0)
    return total


AZ_NAS = ("expressivity", "progressivity", "trainability", "flops")


def az_nas(columns: Mapping[str, Column]) -> Column:
    """AZ-NAS's values of a pool: the log ranks of expressivity, progressivity, trainability and complexity, summed.

    Complexity is the number of operations, ``flops``. An architecture that is among the last in one respect has a very
    low value, however good it is in the others.

    Lee and Ham, "AZ-NAS: assembling zero-cost proxies for network architecture search", CVPR 2024.

    Example:
        >>> pool = {name: np.array([1.0, 2.0]) for name in AZ_NAS}
        >>> az_nas(pool).round(2).tolist()
        [-2.77, 0.0]

    Args:
        columns: scores by proxy, ``(architectures,)`` each; other proxies are not looked at.

    Raises:
        KeyError: one of the four is missing.
    """
    return log_ranks({name: columns[name] for name in AZ_NAS})


POOL_RANKINGS: Mapping[str, PoolRanking] = {"az_nas": PoolRanking("az_nas", AZ_NAS, az_nas)}
"""The known rankings of pools, by name."""


def assess_pools(suite: Suite) -> dict[str, dict[str, float]]:
    """How well the rankings of pools whose proxies all problems have rank each problem: Kendall's tau, by name.

    Args:
        suite: the architectures of each of its problems are a pool.

    Returns:
        By the name of the ranking, then of the problem.
    """
    return {
        name: {
            problem.name: kendall(
                ranking.function({proxy: problem.column(proxy) for proxy in ranking.proxies}),
                problem.accuracy,
            )
            for problem in suite.problems
        }
        for name, ranking in POOL_RANKINGS.items()
        if set(ranking.proxies) <= set(suite.common_proxies)
    }
