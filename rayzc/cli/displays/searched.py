"""The results of searches as tables: what was found on every problem, and what it is compared with."""

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rayzc.cli.durations import clock
from rayzc.cli.output import counted, plain_table
from rayzc.nas import BUDGET_SPENT, Average, Results
from rayzc.nas.comparison import FORMULA_SEES_ALL, RANDOM_SEARCH, RANDOM_TEN
from rayzc.runs import Searched

__all__ = [
    "average_text",
    "comparison",
    "found_lines",
    "number",
    "over_problems",
    "overview",
    "summary",
]

Tops = Mapping[tuple[str, int], float]
"""Rank in percent of the candidates, by problem and seed."""


def overview(results: Results) -> Iterator[RenderableType]:
    """The problems, what was found on each, and what it is compared with."""
    if any(one.found.standing for one in results.outcomes):
        yield from _legend(results)
        yield _truth_table(results)
    else:
        yield _score_table(results)
    yield ""
    yield from found_lines(results)
    yield ""
    if results.comparisons:
        yield from comparison(results)
        yield ""


def found_lines(results: Results) -> Iterator[str]:
    """The best architecture of each problem, by its formula score over the seeds: score and encoding."""
    width = max(map(len, results.problems))
    scores = {name: number(results.best(name).found.score) for name in results.problems}
    digits = max(map(len, scores.values()))
    yield f"{'found'.ljust(width)}  {'score'.rjust(digits)}  architecture"
    for name, score in scores.items():
        yield f"{name.ljust(width)}  {score.rjust(digits)}  {results.best(name).found.encoding}"


def summary(result: Searched) -> Iterator[str]:
    """What went wrong, what was done, why it ended, and where it is."""
    results = result.results
    for name, why in results.failures.items():
        yield f"failed     {name}: {why}"
    if results.outcomes:
        yield f"formula    {results.outcomes[0].plan.formula}"
        evaluated = counted(sum(one.evaluated for one in results.outcomes), "architecture")
        searches = counted(len(results.outcomes), "search", "searches")
        did = f"searched   {evaluated} in {searches} and {clock(result.seconds)}"
    else:
        did = f"searched   {clock(result.seconds)}; no search has ended yet"
    if result.measured or result.cached:
        did += f"; {counted(result.measured, 'network')} measured, {result.cached:,} known already"
    if result.workers_lost:
        did += f", {counted(result.workers_lost, 'worker')} lost and replaced"
    yield did
    endings = Counter(one.ended for one in results.outcomes)
    how = ", ".join(f"{count} {why}" for why, count in endings.items())
    yield f"stopped    {result.stopped}" + (f": {how}" if set(endings) - {BUDGET_SPENT} else "")
    yield f"run        {result.run}" + ("; report.txt there has the shortlists" if results.outcomes else "")


def comparison(results: Results) -> Iterator[RenderableType]:
    """The formula beside chance and single proxies, on average over the problems that are compared."""
    compared = tuple(dict.fromkeys(one.problem for one in results.comparisons))
    seeds = {one.seed for one in results.comparisons}
    title = "within the best x % of the candidates by true accuracy"
    if len(compared) > 1:
        title += f", mean over {len(compared)} problems"
    if len(seeds) > 1:
        title += f", ± deviation over {len(seeds)} seeds"
    yield title
    table = plain_table()
    table.add_column("by", no_wrap=True)
    for header in ("search finds", "its shortlist", "best of all", "ten best of all"):
        table.add_column(header, justify="right", no_wrap=True)

    def row(name: str, tens: str, *searched: Average | None, style: str = "") -> None:
        cells = (*searched, *(over_problems(tops) for tops in _tops(results, tens)))
        table.add_row(Text(name), *(average_text(one) for one in cells), style=style)

    own = (over_problems(_found(results, compared)), over_problems(_shortlists(results, compared)))
    row("this formula", FORMULA_SEES_ALL, *own, style="bold")
    row("chance", RANDOM_TEN, *(over_problems(tops) for tops in _tops(results, RANDOM_SEARCH)))
    table.add_section()
    rows = []
    for proxy in {one.proxy: None for one in results.comparisons if one.proxy}:
        found, short = _tops(results, f"search by {proxy}")
        on = len({problem for problem, _ in short or _tops(results, f"ten best by {proxy}")[0]})
        name = str(proxy) if on == len(compared) else f"{proxy} (on {on} of {len(compared)})"
        rows.append((name, f"ten best by {proxy}", over_problems(found), over_problems(short)))
    for name, tens, found_mean, short_mean in sorted(rows, key=lambda one: one[3].mean if one[3] else np.inf):
        row(name, tens, found_mean, short_mean)
    yield table


def over_problems(values: Tops) -> Average | None:
    """The mean over problems of their means over seeds; the deviation is that of the seeds' means over problems.

    Only seeds that have all problems count for the deviation, as problems differ far more than seeds do.
    """
    if not values:
        return None
    problems = list(dict.fromkeys(problem for problem, _ in values))
    seeds = list(dict.fromkeys(seed for _, seed in values))
    means = [
        np.mean([value for (name, _), value in values.items() if name == problem]) for problem in problems
    ]
    whole = [seed for seed in seeds if all((problem, seed) in values for problem in problems)]
    spread = Average.of(float(np.mean([values[problem, seed] for problem in problems])) for seed in whole)
    return Average(float(np.mean(means)), spread.deviation if spread else 0.0, len(whole))


def average_text(average: Average | None) -> str:
    """A mean and its deviation, where several values have one."""
    if average is None:
        return "-"
    return f"{average.mean:.1f}" + (f" ±{average.deviation:.1f}" if average.count > 1 else "")


def number(value: float | None) -> str:
    """A score or an accuracy with five digits."""
    return "-" if value is None else f"{value:#.5g}".removesuffix(".")


def _legend(results: Results) -> Iterator[str]:
    seeds = len({one.seed for one in results.outcomes})
    of, over = (f" of {seeds} seeds", f", mean ± deviation over {seeds} seeds") if seeds > 1 else ("", "")
    yield f"accuracy, rank and regret of the architecture with the best score{of}"
    yield f"top %: it is within the best x % of the candidates by true accuracy{over}"
    if results.comparisons:
        yield "beside: the best of the shortlists of others; the single proxy is the best one, known in hindsight"


def _truth_table(results: Results) -> Table:
    table = plain_table()
    table.add_column("problem", no_wrap=True)
    headers = ["accuracy", "rank", "regret", "found\ntop %", "shortlist\ntop %"]
    if results.comparisons:
        headers += ["random\nsearch", "random\nten", "single\nproxy"]
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    if results.comparisons:
        table.add_column("the best\nof them", no_wrap=True)

    for name in results.problems:
        standing = results.best(name).found.standing
        cells = ["-", "-", "-"]
        if standing:
            cells = [
                number(standing.accuracy),
                f"{standing.rank:,}/{standing.candidates:,}",
                f"{standing.regret:#.3g}",
            ]
        cells += [average_text(results.found(problem=name)), average_text(results.shortlist(problem=name))]
        if results.comparisons:
            ways = (
                results.compared(way, lambda one: one.shortlist.top, name)
                for way in (RANDOM_SEARCH, RANDOM_TEN)
            )
            cells += [_mean(one) for one in ways]
            proxy = results.best_proxy(name)
            own = results.compared(f"search by {proxy}", lambda one: one.shortlist.top, name)
            cells += [_mean(own), proxy or "-"]
        table.add_row(Text(name), *cells)
    if len(results.problems) > 1:
        table.add_section()
        cells = [
            "",
            "",
            "",
            average_text(over_problems(_found(results))),
            average_text(over_problems(_shortlists(results))),
        ]
        if results.comparisons:
            cells += [_mean(over_problems(_tops(results, way)[1])) for way in (RANDOM_SEARCH, RANDOM_TEN)]
            proxy = results.best_proxy()
            own = over_problems(_tops(results, f"search by {proxy}")[1])
            cells += [_mean(own), proxy or "-"]
        table.add_row("mean", *cells, style="bold")
    return table


def _score_table(results: Results) -> Table:
    table = plain_table()
    table.add_column("problem", no_wrap=True)
    for header in ("best score", "mean over seeds", "deviation", "evaluated", "measured", "cache hits"):
        table.add_column(header, justify="right", no_wrap=True)
    for name in results.problems:
        outcomes = [one for one in results.outcomes if one.problem == name]
        scores = Average.of(one.found.score for one in outcomes)
        assert scores is not None, "a problem of the results has an outcome"
        table.add_row(
            Text(name),
            number(results.best(name).found.score),
            number(scores.mean),
            number(scores.deviation) if scores.count > 1 else "-",
            *(
                f"{sum(numbers):,}"
                for numbers in (
                    [one.evaluated for one in outcomes],
                    [one.measured for one in outcomes],
                    [one.cache_hits for one in outcomes],
                )
            ),
        )
    return table


def _found(results: Results, problems: tuple[str, ...] | None = None) -> Tops:
    return {
        (one.problem, one.seed): one.found.standing.top
        for one in results.outcomes
        if one.found.standing and (problems is None or one.problem in problems)
    }


def _shortlists(results: Results, problems: tuple[str, ...] | None = None) -> Tops:
    return {
        (one.problem, one.seed): one.shortlist_best.standing.top
        for one in results.outcomes
        if one.shortlist_best
        and one.shortlist_best.standing
        and (problems is None or one.problem in problems)
    }


def _tops(results: Results, way: str) -> tuple[Tops, Tops]:
    """Of another way: its found architectures, and the best of its shortlists."""
    chosen = [one for one in results.comparisons if one.way == way]
    return (
        {(one.problem, one.seed): one.found.top for one in chosen},
        {(one.problem, one.seed): one.shortlist.top for one in chosen},
    )


def _mean(average: Average | None) -> str:
    return "-" if average is None else f"{average.mean:.1f}"
