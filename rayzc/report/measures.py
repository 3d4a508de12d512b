"""Rank correlations for reports: of formulas and proxies, with intervals, between proxies, and within bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.assessment import kendall, resampled_kendall
from rayzc.formula import Formula, ranking_values
from rayzc.problems import Problem, Suite
from rayzc.report.content import Estimate

__all__ = [
    "Taus",
    "agreement",
    "banded",
    "formula_values",
    "ranks",
    "taus",
    "without_proxy",
]

_PERCENTILES = (2.5, 97.5)
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Taus:
    """Kendall's tau of one formula by problem.

    Attributes:
        by_problem: with intervals, where they were asked for.
        mean: over the problems.
    """

    by_problem: Mapping[str, Estimate]
    mean: Estimate


def formula_values(formula: Formula, problem: Problem) -> Values:
    """The values to rank the architectures of a problem by, ``(architectures,)``."""
    return ranking_values(
        formula.evaluate({name: problem.column(name) for name in formula.proxies or problem.proxies})
    )


def taus(values: Mapping[str, Values], suite: Suite, samples: int, seed: int = 0) -> Taus:
    """Kendall's tau with the true accuracy, and its bootstrap intervals.

    Args:
        values: by problem, the values to rank by.
        suite: the problems; those without values are passed over.
        samples: number of bootstrap samples of networks; 0 for no intervals.
        seed: of the samples.
    """
    found: dict[str, Estimate] = {}
    drawn = []
    for problem in suite.problems:
        if problem.name not in values:
            continue
        own = values[problem.name]
        tau = kendall(own, problem.accuracy)
        if samples:
            each = resampled_kendall(own, problem, samples, seed)
            drawn.append(each)
            found[problem.name] = Estimate(tau, *_interval(each))
        else:
            found[problem.name] = Estimate(tau)
    mean = float(np.mean([each.value for each in found.values()])) if found else 0.0
    whole = Estimate(mean, *_interval(np.mean(drawn, axis=0))) if drawn else Estimate(mean)
    return Taus(found, whole)


def without_proxy(formula: Formula, proxy: str, problem: Problem) -> Values:
    """The values of a formula that is told nothing of a proxy: its median on the problem stands in for it."""
    columns = {name: problem.column(name) for name in formula.proxies}
    columns[proxy] = np.full(len(problem), float(np.median(columns[proxy])))
    return ranking_values(formula.evaluate(columns))


def agreement(names: Sequence[str], suite: Suite, formula: Formula) -> list[list[float]]:
    """Kendall's tau between all pairs of the formula and the proxies, means over the problems.

    Args:
        names: names of proxies; the formula comes before them.
        suite: the problems.
        formula: the formula.
    """
    total = np.zeros((len(names) + 1, len(names) + 1))
    for problem in suite.problems:
        columns = [
            formula_values(formula, problem),
            *(ranking_values(problem.column(name)) for name in names),
        ]
        for row, first in enumerate(columns):
            for column in range(row + 1):
                tau = 1.0 if row == column else kendall(first, columns[column])
                total[row, column] += tau
                total[column, row] = total[row, column]
    means: list[list[float]] = (total / max(1, len(suite.problems))).tolist()
    return means


def banded(values: Values, by: Values, accuracy: Values, bands: int) -> list[tuple[float, float]]:
    """Kendall's tau within bands of a size, from small to large, and of that size itself in the same bands.

    Args:
        values: to rank by.
        by: the size, such as flops.
        accuracy: the truth.
        bands: number of bands, with as equal numbers of architectures as ties allow.
    """
    edges = np.quantile(by, np.linspace(0, 1, bands + 1)[1:-1])
    place = np.searchsorted(edges, by, side="right")
    found = []
    for band in range(bands):
        inside = place == band
        if inside.sum() < 3:
            found.append((float("nan"), float("nan")))
        else:
            found.append((kendall(values[inside], accuracy[inside]), kendall(by[inside], accuracy[inside])))
    return found


def ranks(values: Values) -> NDArray[np.int64]:
    """The ranks of values, 1 for the largest; equal values keep their order, so that all ranks differ."""
    order = np.argsort(-values, kind="stable")
    found = np.empty(len(values), np.int64)
    found[order] = np.arange(1, len(values) + 1)
    return found


def _interval(samples: Values) -> tuple[float, float]:
    low, high = np.percentile(samples, _PERCENTILES)
    return float(low), float(high)
