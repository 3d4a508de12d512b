"""Searches: what each found, how soon, beside chance and the best single proxy, and the architectures drawn."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rayzc.errors import RayzcError
from rayzc.nas import (
    Baseline,
    Plan,
    Results,
    SearchOutcome,
    SearchProblem,
    Step,
    Truth,
    outcome_of,
    run,
    tabulated,
)
from rayzc.problems import Suite
from rayzc.report.content import Column, Estimate, Panels, Section, Table, Words
from rayzc.report.figures import Lines, Series
from rayzc.report.records import Searched
from rayzc.report.texts import file_name

__all__ = ["curves", "curves_section", "found_section", "queries_section"]

QUERIES = (10, 100, 300)
FORMULA, CHANCE, PROXY = "this formula", "random search", "best single proxy"
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Curve:
    """What one search held to be the best, as it went on.

    Attributes:
        way: what it searched by.
        problem: name of the problem.
        seed: its seed.
        steps: the moments at which it found something better.
        evaluated: how many architectures it looked at.
    """

    way: str
    problem: str
    seed: int
    steps: tuple[Step, ...]
    evaluated: int

    def at(self, queries: int, value: Callable[[Step], float | None]) -> float | None:
        """A number of what it held to be the best after some queries; None before the first."""
        reached = [step for step in self.steps if step.evaluated <= queries]
        return value(reached[-1]) if reached else None


def curves(searched: Searched) -> tuple[Curve, ...]:
    """The searches of a run, and beside those of tables random search and the best single proxy.

    The baselines' curves are not recorded, only where they ended: they are searched again, with the same seeds and to
    the same end.
    """
    found = [
        Curve(FORMULA, outcome.problem, outcome.seed, outcome.trajectory, outcome.evaluated)
        for outcome in searched.results.outcomes
    ]
    if searched.suite is None or searched.config.candidates != "table" or not searched.results.comparisons:
        return tuple(found)
    ready: dict[str, SearchProblem | None] = {}
    for outcome in searched.results.outcomes:
        if outcome.problem not in ready:
            ready[outcome.problem] = _ready(searched.suite, outcome)
        proxy = searched.results.best_proxy(outcome.problem)
        others = [(CHANCE, outcome.plan.replaced(algorithm="random", minimise=()))]
        if proxy is not None:
            others.append((PROXY, outcome.plan.replaced(formula=proxy, minimise=())))
        for way, plan in others:
            again = _again(ready[outcome.problem], outcome, plan)
            if again is not None:
                found.append(Curve(way, outcome.problem, outcome.seed, again.trajectory, again.evaluated))
    return tuple(found)


def _ready(suite: Suite, outcome: SearchOutcome) -> SearchProblem | None:
    """A problem of the table, ready to be searched; its domain remembers what it has computed."""
    try:
        return tabulated(suite.problem(outcome.problem), outcome.plan)
    except RayzcError:
        return None


def _again(problem: SearchProblem | None, outcome: SearchOutcome, plan: Plan) -> SearchOutcome | None:
    if problem is None:
        return None
    try:
        search = run(plan, outcome.problem, problem.domain, problem.source)
        return outcome_of(search, outcome.space, problem.truth)
    except RayzcError:
        return None


def found_section(results: Results) -> Section:
    """What was found on each problem, beside the baselines."""
    known, compared = bool(results.found().values), bool(results.comparisons)
    seeds = len(results.seeds)
    if not known:
        return _scores_section(results)
    columns = [
        Column("problem"),
        Column("accuracy", ".4g"),
        Column("rank", ",d"),
        Column("of", ",d"),
        Column("regret", ".3g"),
        Column("found, top %", ".1f"),
        Column("shortlist", ".1f"),
    ]
    if compared:
        columns += [
            Column("random", ".1f"),
            Column("proxy", ".1f"),
            Column("which"),
        ]
    rows = []
    for name in results.problems:
        standing = results.best(name).found.standing
        row: list[str | int | float | None] = [name]
        row += (
            [None] * 4
            if standing is None
            else [standing.accuracy, standing.rank, standing.candidates, standing.regret]
        )
        row += [_mean(results.found().over_seeds(name)), _mean(results.shortlist().over_seeds(name))]
        if compared:
            proxy = results.best_proxy(name)
            row += [
                _mean(results.baseline(Baseline.RANDOM_SEARCH).over_seeds(name)),
                _mean(results.baseline(Baseline.PROXY_SEARCH, proxy).over_seeds(name)),
                proxy,
            ]
        rows.append(tuple(row))
    means: list[str | int | float | None] = ["mean", None, None, None, None]
    means += [_mean(results.found().over_problems()), _mean(results.shortlist().over_problems())]
    if compared:
        proxy = results.best_proxy()
        means += [
            _mean(results.baseline(Baseline.RANDOM_SEARCH).over_problems()),
            _mean(results.baseline(Baseline.PROXY_SEARCH, proxy).over_problems()),
            proxy,
        ]
    text = (
        "Accuracy, rank and regret are those of the architecture with the best score; top %: it is among the best x % "
        "of the candidates by true accuracy"
    )
    text += f", mean over {seeds} seeds." if seeds > 1 else "."
    text += " Shortlist: the same for the best of its ten networks"
    text += (
        ", beside the shortlists of random search and of the best single proxy, which is known only in hindsight."
        if compared
        else "."
    )
    table = Table("found", "What the searches found", tuple(columns), (*rows, tuple(means)), (len(rows),))
    return Section("found", "What was found", (Words(text), table))


def _scores_section(results: Results) -> Section:
    columns = (
        Column("problem"),
        Column("best score", ".5g"),
        Column("evaluated", ",d"),
        Column("measured", ",d"),
        Column("architecture", code=True),
    )
    rows = []
    for name in results.problems:
        outcomes = results.of(name).outcomes
        best = results.best(name).found
        rows.append(
            (
                name,
                best.score,
                sum(outcome.evaluated for outcome in outcomes),
                sum(outcome.measured for outcome in outcomes),
                best.encoding,
            )
        )
    words = Words("No table knows the true accuracy of these architectures: they are judged by their scores.")
    table = Table("found", "What the searches found", columns, tuple(rows))
    return Section("found", "What was found", (words, table))


def curves_section(found: Sequence[Curve]) -> Section:
    """What the searches held to be the best as they went on, a panel for each problem."""
    true = any(step.accuracy is not None for curve in found for step in curve.steps)
    panels = tuple(
        (name, _curves(name, [curve for curve in found if curve.problem == name], true))
        for name in dict.fromkeys(curve.problem for curve in found)
    )
    seeds = len({curve.seed for curve in found})
    text = (
        "The true accuracy of the architecture that has the best score so far. It may fall: a search does not see "
        "accuracies."
        if true
        else "The best score so far."
    )
    if seeds > 1:
        text += f" Mean over {seeds} seeds; the bands are one standard deviation."
    return Section("curves", "How soon it was found", (Words(text), Panels("problem", panels)))


def _curves(problem: str, found: Sequence[Curve], true: bool) -> Lines:
    most = max(curve.evaluated for curve in found)
    places = sorted({round(float(x)) for x in np.geomspace(1, most, _SHOWN)})
    series = []
    for way in dict.fromkeys(curve.way for curve in found):
        own = [curve for curve in found if curve.way == way]
        x, y = [], []
        for place in places:
            values = [value for curve in own if (value := curve.at(place, _value(true))) is not None]
            if len(values) == len(own):
                x.append(float(place))
                y.append(_spread(values))
        series.append(Series(way, tuple(x), tuple(y)))
    ends = ", ".join(f"{each.name} {each.y[-1].value:.4g}" for each in series if each.y)
    return Lines(
        f"curves-{file_name(problem)}",
        problem,
        f"After {most:,} architectures: {ends}.",
        "architectures evaluated",
        "true accuracy" if true else "best score",
        tuple(each for each in series if each.y),
        logarithmic=True,
        steps=True,
    )


def queries_section(found: Sequence[Curve], suite: Suite | None) -> Section | None:
    """The true rank of what was found after 10, 100 and 300 queries.

    Args:
        found: the curves.
        suite: the tables; None where there are none.

    Returns:
        The section; None where no table knows the truth.
    """
    if suite is None or not any(step.accuracy is not None for curve in found for step in curve.steps):
        return None
    most = max(curve.evaluated for curve in found)
    queries = [each for each in QUERIES if each <= most] or [most]
    ways = list(dict.fromkeys(curve.way for curve in found))
    rows = []
    for name in dict.fromkeys(curve.problem for curve in found):
        accuracy = np.sort(Truth(suite.problem(name)).problem.accuracy)
        row: list[str | float | int | None] = [name, len(accuracy)]
        for way in ways:
            own = [curve for curve in found if (curve.way, curve.problem) == (way, name)]
            for place in queries:
                values = [
                    _rank(accuracy, value)
                    for curve in own
                    if (value := curve.at(place, _value(True))) is not None
                ]
                row.append(float(np.mean(values)) if values else None)
        rows.append(tuple(row))
    columns = [Column("problem"), Column("networks", ",d")]
    short = {FORMULA: "formula", CHANCE: "random", PROXY: "proxy"}
    columns += [Column(f"{short[way]}, {place}", ",.0f") for way in ways for place in queries]
    table = Table("queries", "True rank of what was found, mean over the seeds", tuple(columns), tuple(rows))
    listed = ", ".join(f"{each:,}" for each in queries)
    words = f"The rank, by true accuracy among all networks of the table, after {listed} architectures."
    return Section("queries", "True rank after so many queries", (Words(words), table))


def _value(true: bool) -> Callable[[Step], float | None]:
    return (lambda step: step.accuracy) if true else (lambda step: step.score)


def _spread(values: Iterable[float]) -> Estimate:
    array = np.fromiter(values, np.float64)
    mean = float(array.mean())
    if array.size < 2:
        return Estimate(mean)
    deviation = float(array.std(ddof=1))
    return Estimate(mean, mean - deviation, mean + deviation)


def _rank(ascending: "np.ndarray[tuple[int], np.dtype[np.float64]]", accuracy: float) -> int:
    return 1 + len(ascending) - int(np.searchsorted(ascending, accuracy, side="right"))


def _mean(average: object) -> float | None:
    return getattr(average, "mean", None)
