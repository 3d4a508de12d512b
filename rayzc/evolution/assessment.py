"""How well a formula ranks every problem of a suite, with bootstrap intervals that say how sure this is."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.correlations import CORRELATIONS
from rayzc.evolution.ranking import Ranking
from rayzc.evolution.tables import Tables
from rayzc.evolution.top import Top, mean_top, top_of
from rayzc.formula import Formula, is_proxy_name, ranking_values
from rayzc.options import ScoreOptions, takes
from rayzc.problems import DEFAULT_SUITE, Problem, Suite, load_suite

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Interval",
    "ProblemScore",
    "SuiteScore",
    "assess",
    "best_single_proxies",
    "kendall",
    "resampled_kendall",
    "score",
]

Interval = tuple[float, float]
"""The lower and the upper bound."""

_CONFIDENCE = 0.95
# All samples of a batch are in memory at once.
_BATCH = 50


@dataclass(frozen=True)
class ProblemScore:
    """How well a formula ranks the architectures of a problem.

    Attributes:
        kendall: Kendall's tau-b with the true accuracy.
        spearman: Spearman's rho with it.
        architectures: number of architectures that were ranked.
        ties: share of the pairs of architectures that the formula ties.
        kendall_interval: 95 % bootstrap interval; None without bootstrap samples.
        spearman_interval: the same for `spearman`.
        top: how good the architectures are that the formula ranks first.
    """

    kendall: float
    spearman: float
    architectures: int
    ties: float
    kendall_interval: Interval | None = None
    spearman_interval: Interval | None = None
    top: Top | None = None


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
        return float(np.mean([score.kendall for score in self.problems.values()]))

    @property
    def mean_spearman(self) -> float:
        """Mean of Spearman's rho over the problems."""
        return float(np.mean([score.spearman for score in self.problems.values()]))

    @property
    def mean_top(self) -> Top | None:
        """Mean over the problems of how good the first architectures are; None if it was not measured."""
        tops = [score.top for score in self.problems.values() if score.top is not None]
        return mean_top(tops) if tops else None

    @property
    def most_tied(self) -> tuple[str, float]:
        """The problem of whose pairs the formula ties the largest share, and that share."""
        return max(((name, score.ties) for name, score in self.problems.items()), key=lambda tied: tied[1])

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc score --json`` prints."""
        return {
            "expression": str(self.formula),
            "mean_kendall": self.mean_kendall,
            "mean_top": None if self.mean_top is None else asdict(self.mean_top),
            "problems": {name: asdict(score) for name, score in self.problems.items()},
        }

    def to_table(self) -> "pa.Table":
        """A pyarrow Table with a row for each problem."""
        import pyarrow as pa

        scores = self.problems.values()
        columns = ("kendall", "spearman", "architectures", "ties")
        return pa.table(
            {"problem": list(self.problems)}
            | {column: [getattr(score, column) for score in scores] for column in columns}
        )


def assess(
    formula: Formula | str, suite: Suite | str | Path, bootstrap: int = 0, seed: int = 0
) -> SuiteScore:
    """Assesses how well a formula ranks every problem of a suite; :func:`rayzc.score` is this for users.

    Architectures on which a proxy of the formula was not measured are left out. Where the formula is not finite, an
    architecture ranks last.

    Args:
        formula: the formula, or its text.
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        bootstrap: number of bootstrap samples for the intervals; 0 for no intervals. Whole networks are drawn, so that
            two encodings of a network do not count as two observations.
        seed: of the bootstrap.

    Raises:
        FormulaError: the text does not parse, or the suite knows nothing of a proxy that the formula needs.
        SuiteError: the suite cannot be read, or a problem lacks a proxy of the formula.
    """
    parsed = Formula.parse(formula) if isinstance(formula, str) else formula
    ready = _ready(suite if isinstance(suite, Suite) else load_suite(suite), parsed.proxies)
    return SuiteScore(
        parsed,
        {problem.name: _assess(parsed, problem, bootstrap, seed) for problem in ready.problems},
    )


@takes(options=ScoreOptions)
def score(
    formula: Formula | str, suite: Suite | str | Path = DEFAULT_SUITE, *, options: ScoreOptions
) -> SuiteScore:
    """Scores how well a formula ranks every problem of a suite.

    Architectures on which a proxy of the formula was not measured are left out. Where the formula is not finite, an
    architecture ranks last. Every option below can be given by keyword.

    Args:
        formula: the formula, or its text.
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        options: on which problems, and with how many bootstrap samples. Whole networks are drawn, so that two encodings
            of a network do not count as two observations.

    Raises:
        FormulaError: the text does not parse, or the suite knows nothing of a proxy that the formula needs.
        SuiteError: the suite cannot be read, has no such problem, or a problem lacks a proxy of the formula.
    """
    whole = suite if isinstance(suite, Suite) else load_suite(suite)
    return assess(formula, whole.select(options.problems), options.bootstrap, options.seed)


def best_single_proxies(suite: Suite, count: int = 3) -> list[SuiteScore]:
    """The proxies that rank a suite best by themselves, or by their negation, by their mean Kendall's tau."""
    scores = []
    for proxy in filter(is_proxy_name, suite.common_proxies):
        upright, turned = assess(Formula((proxy,)), suite), assess(Formula(("neg", proxy)), suite)
        scores.append(max(upright, turned, key=lambda score: score.mean_kendall))
    return sorted(scores, key=lambda score: -score.mean_kendall)[:count]


def kendall(values: NDArray[np.float64], accuracy: NDArray[np.float64]) -> float:
    """Kendall's tau-b; 0 where values or accuracies are constant.

    Args:
        values: of a formula, finite or infinite, ``(architectures,)``.
        accuracy: the true accuracies, ``(architectures,)``.
    """
    return _correlations(values, accuracy)[0]


def resampled_kendall(
    values: NDArray[np.float64], problem: Problem, samples: int, seed: int
) -> NDArray[np.float64]:
    """Kendall's tau on bootstrap samples of the networks of a problem, each with all of its rows.

    Args:
        values: of a formula, ``(architectures,)``.
        problem: the problem.
        samples: their number.
        seed: of the samples: the same for the same networks.

    Returns:
        The taus, ``(samples,)``.
    """
    count, network = _networks(problem)
    rng = np.random.default_rng([seed, len(values)])
    # In ascending accuracy, so that samples are, too, and many can be ranked at once as if they were problems.
    order = np.argsort(problem.accuracy, kind="stable")
    values, accuracy, network = values[order], problem.accuracy[order], network[order]
    taus = [np.empty(0)]
    for begin in range(0, samples, _BATCH):
        drawn = [
            _rows(rng.integers(count, size=count), network, count)
            for _ in range(min(_BATCH, samples - begin))
        ]
        rows = np.concatenate(drawn)
        tables = Tables((), (), np.empty((0, len(rows))), accuracy[rows], _offsets(drawn))
        ranking = Ranking(tables.offsets)
        ranking.sort(values[rows])
        taus.append(CORRELATIONS["kendall"](tables)(ranking))
    return np.concatenate(taus)


def _offsets(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Where parts begin in their concatenation, and its end."""
    return np.cumsum([0, *map(len, parts)], dtype=np.int64)


def _networks(problem: Problem) -> tuple[int, NDArray[np.int64]]:
    """The number of networks, and by row the network that it encodes."""
    _, network = np.unique(problem.groups, return_inverse=True)
    return int(network.max()) + 1, network


def _rows(drawn: NDArray[np.int64], network: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The rows of drawn networks, each as often as its network was drawn."""
    return np.repeat(np.arange(len(network)), np.bincount(drawn, minlength=count)[network])


def _ready(suite: Suite, proxies: tuple[str, ...]) -> Suite:
    """The suite without the architectures on which one of these proxies was not measured."""
    complete = all(
        proxy in problem.proxies and not np.isnan(problem.column(proxy)).any()
        for problem in suite.problems
        for proxy in proxies
    )
    if suite.problems and (complete or not set(proxies) <= set(suite.proxies)):
        return (
            suite  # a proxy that is unknown to all of it is the formula's mistake, which evaluation reports
        )
    return suite.for_fitting(proxies or None)


def _assess(formula: Formula, problem: Problem, bootstrap: int, seed: int) -> ProblemScore:
    columns = {name: problem.column(name) for name in problem.proxies}
    values = ranking_values(formula.evaluate(columns))
    tau, rho, ties = _correlations(values, problem.accuracy)
    of_tau, of_rho = _intervals(values, problem, bootstrap, seed) if bootstrap else (None, None)
    return ProblemScore(tau, rho, len(values), ties, of_tau, of_rho, top_of(values, problem.accuracy))


def _intervals(
    values: NDArray[np.float64], problem: Problem, samples: int, seed: int
) -> tuple[Interval, Interval]:
    """Percentile intervals of Kendall's tau and Spearman's rho; a sample draws networks, with all of their rows."""
    from scipy.stats import bootstrap

    count, network = _networks(problem)
    networks = np.arange(count)

    def correlations(drawn: NDArray[np.int64]) -> tuple[float, float]:
        rows = _rows(drawn, network, count)
        return _correlations(values[rows], problem.accuracy[rows])[:2]

    if count == 1:
        tau, rho = correlations(networks)
        return (tau, tau), (rho, rho)
    low, high = bootstrap(
        (networks,),
        correlations,
        n_resamples=samples,
        batch=_BATCH,
        vectorized=False,
        confidence_level=_CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng([seed, len(values)]),
    ).confidence_interval
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def _correlations(values: NDArray[np.float64], accuracy: NDArray[np.float64]) -> tuple[float, float, float]:
    """Kendall's tau and Spearman's rho, 0 where values or accuracies are constant; and the share of tied pairs."""
    order = np.argsort(accuracy, kind="stable")
    offsets = np.array([0, len(order)])
    tables = Tables(("",), (), np.empty((0, len(order))), accuracy[order], offsets)
    ranking = Ranking(offsets)
    ranking.sort(values[order])
    tau, rho = (float(CORRELATIONS[name](tables)(ranking)[0]) for name in ("kendall", "spearman"))
    return tau, rho, ranking.ties(np.zeros(1, np.int64))
