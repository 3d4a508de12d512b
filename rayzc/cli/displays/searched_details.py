"""Everything known of the architectures that searches found, and the report in the run's folder."""

import io
from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from rayzc.cli.displays.searched import comparison, overview, summary
from rayzc.cli.displays.tables import number, printed
from rayzc.cli.exporting import shapes_of
from rayzc.cli.output import plain_table
from rayzc.documents import write_atomically
from rayzc.errors import SpaceError
from rayzc.formula import Formula
from rayzc.nas import Finding, Results, SearchOutcome
from rayzc.problems import Shapes
from rayzc.runs import RunFolder
from rayzc.spaces import find_space

__all__ = ["details", "report", "write_report"]

_WIDTH = 120


def details(results: Results) -> Iterator[RenderableType]:
    """For each problem: its best architecture in words, drawn, with its proxies; shortlist, front, seeds, baselines."""
    shapes = shapes_of(results)
    for name in results.problems:
        best, own = results.best(name), results.of(name)
        yield f"\n{name}\n{'─' * len(name)}"
        yield from _facts(best, shapes)
        if best.found.drawing:
            yield f"\n{best.found.drawing.rstrip()}\n"
        yield f"shortlist of seed {best.seed}: what to train"
        yield _findings(best.shortlist)
        if best.front:
            yield "\nPareto front: no other is better in one objective and no worse in the others"
            yield _findings(best.front, best.plan.minimise)
        if len(own.outcomes) > 1:
            yield "\nseeds"
            yield _seeds(own.outcomes)
        if own.comparisons:
            yield ""
            yield from comparison(own)


def report(results: Results) -> str:
    """The tables and all details as text of 120 columns; encodings may be longer."""
    console = Console(
        file=io.StringIO(), width=_WIDTH, highlight=False, color_system=None, legacy_windows=False
    )
    parts = list(overview(results)) if results.outcomes else []
    for part in (*parts, *summary(results), *details(results)):
        printed(console, part)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def write_report(results: Results) -> str | None:
    """Writes ``report.txt`` into the run's folder, if there is one; returns why it could not be written, if so."""
    if results.run is None:
        return None
    path = results.run / RunFolder(results.run).report.name
    try:
        write_atomically(path, report(results))
    except OSError as error:
        return f"{path} cannot be written: {error.strerror or error}"
    return None


def _facts(outcome: SearchOutcome, shapes: Shapes) -> Iterator[str]:
    found, standing = outcome.found, outcome.found.standing
    yield f"architecture  {found.encoding}"
    if found.description:
        yield f"in words      {found.description}"
    yield f"score         {number(found.score)} by {outcome.plan.formula}"
    yield "proxies       " + ", ".join(f"{name} {value:.6g}" for name, value in found.proxies.items())
    if standing:
        yield (
            f"accuracy      {number(standing.accuracy)}: rank {standing.rank:,} of {standing.candidates:,} candidates "
            f"(top {standing.top:.1f} %), {number(standing.regret, 3)} below the best"
        )
        if standing.all > standing.candidates:
            yield (
                f"              rank {standing.rank_of_all:,} of all {standing.all:,} in the table, "
                f"{number(standing.regret_of_all, 3)} below the best"
            )
    yield f"evaluated     {outcome.evaluated:,} architectures with seed {outcome.seed}; {outcome.ended}"
    if find_space(outcome.space) is not None:
        sizes = _sizes(outcome.space, outcome.problem.partition("/")[2], shapes)
        given = "".join(f", {name}={size}" for name, size in sizes.items())
        yield f'to build it   rayzc.build("{outcome.space}", "{found.encoding}"{given})'


def _sizes(space: str, task_name: str, shapes: Shapes) -> dict[str, int]:
    """What :func:`rayzc.build` has to be told of a network's size, besides its space's defaults."""
    try:
        task = shapes.task(space, task_name)
    except SpaceError:
        return {}
    if shapes.tasks is None:
        return {"classes": task.classes}
    width, depth = shapes.scale(space)
    patches = {"patches": task.patches} if task.patches > 1 else {}
    return {"classes": task.classes, "input_size": task.input_size, "width": width, "depth": depth, **patches}


def _findings(findings: Sequence[Finding], minimised: Sequence[Formula] = ()) -> Table:
    table = plain_table()
    table.add_column("", justify="right")
    table.add_column("score", justify="right", no_wrap=True)
    for objective in minimised:
        table.add_column(str(objective), justify="right")
    known = any(found.standing for found in findings)
    if known:
        table.add_column("accuracy", justify="right", no_wrap=True)
        table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for place, found in enumerate(findings, start=1):
        columns = {name: [value] for name, value in found.proxies.items()}
        objectives = [number(float(objective.evaluate(columns)[0])) for objective in minimised]
        standing = found.standing
        truth = [number(standing.accuracy), f"{standing.rank:,}"] if standing else ["-", "-"]
        cells = [str(place), number(found.score), *objectives, *(truth if known else [])]
        table.add_row(*cells, Text(found.encoding))
    return table


def _seeds(outcomes: Sequence[SearchOutcome]) -> Table:
    table = plain_table()
    known = any(outcome.found.standing for outcome in outcomes)
    headers = ["accuracy", "found\ntop %", "shortlist\ntop %"] if known else []
    for header in ("seed", "score", *headers):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for outcome in outcomes:
        cells = [str(outcome.seed), number(outcome.found.score)]
        if known:
            standing = outcome.found.standing
            best = outcome.shortlist_best.standing if outcome.shortlist_best else None
            cells.append(number(standing.accuracy) if standing else "-")
            cells += [f"{each.top:.1f}" if each else "-" for each in (standing, best)]
        table.add_row(*cells, Text(outcome.found.encoding))
    return table
