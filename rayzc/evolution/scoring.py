"""How well one formula ranks every problem of a suite, with intervals that say how sure this is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.correlations import CORRELATIONS
from rayzc.evolution.ranking import Ranking
from rayzc.evolution.tables import Tables, has_a_formula
from rayzc.formula import Formula, ranking_values
from rayzc.problems import Problem, Suite

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ProblemScore", "SuiteScore", "best_single_proxies", "score"]

Interval = tuple[float, float]

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class ProblemScore:
    """How well a formula ranks the architectures of one problem.

    Attributes:
        kendall: Kendall's tau-b with the true accuracy.
        spearman: Spearman's rho with it.
        architectures: how many were ranked.
        ties: share of the pairs of architectures that the formula ties.
        kendall_interval: 95 % bootstrap interval; None where none was asked for.
        spearman_interval: the same for `spearman`.
    """

    kendall: float
    spearman: float
    architectures: int
    ties: float
    kendall_interval: Interval | None = None
    spearman_interval: Interval | None = None


@dataclass(frozen=True)
class SuiteScore:
    """How well a formula ranks a suite.

    Attributes:
        formula: the formula.
        problems: its score on each problem, by name.
    """

    formula: Formula
    problems: dict[str, ProblemScore]

    @property
    def mean_kendall(self) -> float:
        """Mean of Kendall's tau over the problems."""
        return float(np.mean([one.kendall for one in self.problems.values()]))

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc score --json`` prints."""
        return {
            "expression": str(self.formula),
            "mean_kendall": self.mean_kendall,
            "problems": {
                name: {
                    "kendall": one.kendall,
                    "spearman": one.spearman,
                    "architectures": one.architectures,
                    "ties": one.ties,
                    "kendall_interval": one.kendall_interval,
                    "spearman_interval": one.spearman_interval,
                }
                for name, one in self.problems.items()
            },
        }

    def to_table(self) -> "pa.Table":
        """One row a problem, as a pyarrow Table."""
        import pyarrow as pa

        scores = list(self.problems.values())
        return pa.table(
            {
                "problem": list(self.problems),
                "kendall": [one.kendall for one in scores],
                "spearman": [one.spearman for one in scores],
                "architectures": [one.architectures for one in scores],
                "ties": [one.ties for one in scores],
            }
        )


def score(formula: Formula, suite: Suite, bootstrap: int = 0, seed: int = 0) -> SuiteScore:
    """Scores a formula on every problem of a suite.

    Args:
        formula: the formula; where it is not finite, an architecture ranks last.
        suite: problems on whose every architecture the formula's proxies were measured, see
            :meth:`rayzc.problems.Suite.for_fitting`.
        bootstrap: how many bootstrap samples the intervals take; 0 for no intervals. Whole networks are drawn,
            so that two encodings of one network do not pass for two observations.
        seed: of the bootstrap.
    """
    return SuiteScore(
        formula, {problem.name: _score(formula, problem, bootstrap, seed) for problem in suite.problems}
    )


def best_single_proxies(suite: Suite, count: int = 3) -> list[SuiteScore]:
    """The proxies that rank a suite best by themselves, the right way up, by their mean Kendall's tau."""
    scores = []
    for proxy in filter(has_a_formula, suite.common_proxies):
        upright = score(Formula((proxy,)), suite)
        turned = score(Formula(("neg", proxy)), suite)
        scores.append(max(upright, turned, key=lambda one: one.mean_kendall))
    return sorted(scores, key=lambda one: -one.mean_kendall)[:count]


def _score(formula: Formula, problem: Problem, bootstrap: int, seed: int) -> ProblemScore:
    columns = {name: problem.column(name) for name in problem.proxies}
    values = ranking_values(formula.evaluate(columns))
    kendall, spearman, ties = _correlations(values, problem.accuracy)
    if not bootstrap:
        return ProblemScore(kendall, spearman, len(values), ties)
    rng = np.random.default_rng([seed, len(values)])
    _, network = np.unique(problem.groups, return_inverse=True)
    networks = int(network.max()) + 1
    samples = np.empty((bootstrap, 2))
    for b in range(bootstrap):
        times = np.bincount(rng.integers(0, networks, networks), minlength=networks)
        rows = np.repeat(np.arange(len(values)), times[network])
        samples[b] = _correlations(values[rows], problem.accuracy[rows])[:2]
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(samples, [tail, 1 - tail], axis=0)
    return ProblemScore(
        kendall,
        spearman,
        len(values),
        ties,
        (float(low[0]), float(high[0])),
        (float(low[1]), float(high[1])),
    )


def _correlations(values: NDArray[np.float64], accuracy: NDArray[np.float64]) -> Sequence[float]:
    """Kendall's tau and Spearman's rho, 0 where one of the two is constant; and the share of pairs tied."""
    order = np.argsort(accuracy, kind="stable")
    offsets = np.array([0, len(order)])
    tables = Tables(("",), (), np.empty((0, len(order))), accuracy[order], offsets)
    ranking = Ranking(offsets)
    ranking.sort(values[order])
    correlations = [float(CORRELATIONS[name](tables)(ranking)[0]) for name in ("kendall", "spearman")]
    return [*correlations, ranking.ties(np.zeros(1, np.int64))]
