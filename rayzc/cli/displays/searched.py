"""The results of searches as tables: what was found on every problem, and the baselines beside it."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from rayzc.cli.displays.tables import Fitted, average_text, mean_text, number
from rayzc.cli.durations import clock
from rayzc.cli.output import plain_table
from rayzc.errors import counted
from rayzc.nas import Average, Baseline, Results, SearchEnding

__all__ = ["comparison", "found_lines", "overview", "summary"]

_CHANCE = (Baseline.RANDOM_SEARCH, Baseline.RANDOM_TEN)


def overview(results: Results) -> Iterator[RenderableType]:
    """The problems, what was found on each, and the baselines."""
    if results.found().values:
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
    """The architecture with the best score of each problem, over the seeds: score and encoding."""
    width = max(map(len, results.problems))
    scores = {name: number(results.best(name).found.score) for name in results.problems}
    digits = max(map(len, scores.values()))
    yield f"{'found'.ljust(width)}  {'score'.rjust(digits)}  architecture"
    for name, score in scores.items():
        yield f"{name.ljust(width)}  {score.rjust(digits)}  {results.best(name).found.encoding}"


def summary(results: Results) -> Iterator[str]:
    """The failures of the run, its work, why it ended, and its folder."""
    for name, reason in results.failures.items():
        yield f"failed     {name}: {reason}"
    if results.outcomes:
        yield f"formula    {results.outcomes[0].plan.formula}"
        evaluated = counted(sum(outcome.evaluated for outcome in results.outcomes), "architecture")
        searches = counted(len(results.outcomes), "search", "searches")
        done = f"searched   {evaluated} in {searches} and {clock(results.seconds)}"
    else:
        done = f"searched   {clock(results.seconds)}; no search has found anything yet"
    if results.measured or results.cached:
        done += f"; {counted(results.measured, 'network')} measured, {results.cached:,} known already"
    if results.workers_lost:
        done += f", {counted(results.workers_lost, 'worker')} lost and replaced"
    yield done
    endings = Counter(outcome.ended for outcome in results.outcomes)
    how = ", ".join(f"{count} {ended}" for ended, count in endings.items())
    yield f"stopped    {results.stopped}" + (f": {how}" if set(endings) - {SearchEnding.BUDGET_SPENT} else "")
    yield f"run        {results.run}" + ("; report.txt there has the shortlists" if results.outcomes else "")


def comparison(results: Results) -> Iterator[RenderableType]:
    """The formula beside chance and single proxies, on average over the problems that are compared."""
    problems = results.compared
    seeds = len({each.seed for each in results.comparisons})
    over = [f"mean over {len(problems)} problems"] if len(problems) > 1 else []
    over += [f"± deviation over {seeds} seeds"] if seeds > 1 else []
    yield "among the best x % of the candidates by true accuracy" + (":" if over else "")
    if over:
        yield " ".join(over)
    table = plain_table()
    table.add_column("by", no_wrap=True)
    for header in ("search\nfinds", "its\nshortlist", "best\nof all", "ten best\nof all"):
        table.add_column(header, justify="right", no_wrap=True)

    def both(baseline: Baseline, proxy: str | None = None) -> list[Average | None]:
        """What the baseline found, and its shortlist."""
        found = results.baseline(baseline, proxy, lambda each: each.found.top)
        return [found.over_problems(), results.baseline(baseline, proxy).over_problems()]

    def row(name: str, averages: list[Average | None], style: str = "") -> None:
        table.add_row(Text(name), *map(average_text, averages), style=style)

    own = [results.found().over_problems(problems), results.shortlist().over_problems(problems)]
    row("this formula", own + both(Baseline.FORMULA_ALL), style="bold")
    row("chance", both(Baseline.RANDOM_SEARCH) + both(Baseline.RANDOM_TEN))
    table.add_section()
    rows = []
    for proxy in results.proxies:
        on = len({each.problem for each in results.comparisons if each.proxy == proxy})
        name = proxy if on == len(problems) else f"{proxy} (on {on} of {len(problems)})"
        rows.append((name, both(Baseline.PROXY_SEARCH, proxy) + both(Baseline.PROXY_TEN, proxy)))
    for name, averages in sorted(rows, key=lambda each: each[1][1].mean if each[1][1] else np.inf):
        row(name, averages)
    yield Fitted(table)


def _legend(results: Results) -> Iterator[str]:
    seeds = len(results.seeds)
    yield "accuracy, rank, regret: of the architecture with the best score" + (
        f" of {seeds} seeds" if seeds > 1 else ""
    )
    yield "top %: it is among the best x % of the candidates" + (
        f"; mean ± deviation over {seeds} seeds" if seeds > 1 else ""
    )
    if results.comparisons:
        yield "random and single proxy: the same, for the best architecture of their shortlists"
        yield "which proxy: the best single proxy, known only in hindsight"


def _truth_table(results: Results) -> Fitted:
    compared = bool(results.comparisons)
    table = plain_table()
    table.add_column("problem", no_wrap=True)
    headers = ["accuracy", "rank", "regret", "found\ntop %", "shortlist\ntop %"]
    if compared:
        headers += ["random\nsearch", "random\nten", "single\nproxy"]
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    if compared:
        table.add_column("which\nproxy", no_wrap=True)

    found, shortlist = results.found(), results.shortlist()
    for name in results.problems:
        standing = results.best(name).found.standing
        cells = ["-", "-", "-"]
        if standing:
            rank = f"{standing.rank:,}/{standing.candidates:,}"
            cells = [number(standing.accuracy), rank, number(standing.regret, 3)]
        cells += [average_text(found.over_seeds(name)), average_text(shortlist.over_seeds(name))]
        if compared:
            cells += [mean_text(results.baseline(baseline).over_seeds(name)) for baseline in _CHANCE]
            proxy = results.best_proxy(name)
            own = results.baseline(Baseline.PROXY_SEARCH, proxy).over_seeds(name)
            cells += [mean_text(own), proxy or "-"]
        table.add_row(Text(name), *cells)
    if len(results.problems) > 1:
        table.add_section()
        cells = ["", "", "", average_text(found.over_problems()), average_text(shortlist.over_problems())]
        if compared:
            cells += [mean_text(results.baseline(baseline).over_problems()) for baseline in _CHANCE]
            proxy = results.best_proxy()
            own = results.baseline(Baseline.PROXY_SEARCH, proxy).over_problems()
            cells += [mean_text(own), proxy or "-"]
        table.add_row("mean", *cells, style="bold")
    return Fitted(table, breaks=("random\nsearch",), drop=("regret",))


def _score_table(results: Results) -> Fitted:
    table = plain_table()
    table.add_column("problem", no_wrap=True)
    for header in ("best\nscore", "mean over\nseeds", "deviation", "evaluated", "measured", "cache\nhits"):
        table.add_column(header, justify="right", no_wrap=True)
    for name in results.problems:
        outcomes = results.of(name).outcomes
        scores = results.scores(name)
        several = scores is not None and scores.count > 1
        table.add_row(
            Text(name),
            number(results.best(name).found.score),
            number(scores.mean if scores else None),
            number(scores.deviation if scores and several else None),
            f"{sum(outcome.evaluated for outcome in outcomes):,}",
            f"{sum(outcome.measured for outcome in outcomes):,}",
            f"{sum(outcome.cache_hits for outcome in outcomes):,}",
        )
    return Fitted(table, breaks=("evaluated",))
