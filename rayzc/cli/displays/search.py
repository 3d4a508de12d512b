"""The display of ``rayzc search``: a row for each problem while it runs, then the results."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table

from rayzc.cli.displays.searched import overview, summary
from rayzc.cli.displays.searched_details import details, write_report
from rayzc.cli.displays.tables import Fitted, number, printed
from rayzc.cli.durations import clock
from rayzc.cli.options import SearchOutput
from rayzc.cli.output import Display, plain_console
from rayzc.errors import counted
from rayzc.nas import Results

if TYPE_CHECKING:
    from rayzc.cluster.searches import ProblemProgress, SearchProgress

__all__ = ["SearchDisplay"]


class SearchDisplay(Display["SearchProgress", Results]):
    """The display of ``rayzc search``.

    Args:
        output: how to print.
    """

    def __init__(self, output: SearchOutput) -> None:
        super().__init__(output)
        self._details = output.details

    def line(self, progress: "SearchProgress") -> str:
        """The progress of all searches in a line."""
        rows, pool = progress.problems, progress.pool
        if not any(row.evaluated for row in rows):
            ready = f", {counted(pool.workers, 'worker')} ready" if pool is not None else ""
            return f"{clock(progress.seconds):>7}  starting{ready}"
        parts = [
            f"{clock(progress.seconds):>7}",
            f"{sum(row.evaluated for row in rows):,} of {sum(row.budget for row in rows):,} architectures",
            f"{sum(row.per_second for row in rows):,.1f}/s",
            f"{sum(row.ended for row in rows)} of {sum(row.searches for row in rows)} searches ended",
        ]
        if len(rows) == 1:
            (row,) = rows
            parts.append(f"best {number(row.score)}")
            if row.accuracy is not None:
                parts.append(f"accuracy {number(row.accuracy)}")
        if pool is not None:
            parts.append(f"{pool.measured:,} measured, {sum(row.cache_hits for row in rows):,} cache hits")
            lost = f" ({pool.lost} lost)" if pool.lost else ""
            parts.append(f"{counted(pool.workers, 'worker')}{lost}")
        if progress.seconds_left is not None:
            parts.append(f"{clock(progress.seconds_left)} left")
        return "  ".join(parts)

    def dashboard(self, progress: "SearchProgress") -> RenderableType:
        """The facts of the run above a row for each problem."""
        return Group(_facts(progress), _rows(progress))

    def print_result(self, result: Results, console: Console) -> None:
        """The table of the problems, what was found, and the baselines."""
        for part in self.parts(result):
            printed(console, part)

    def parts(self, result: Results) -> Iterator[RenderableType]:
        """Lines and tables of a result."""
        if result.outcomes:
            yield from overview(result)
            if self._details:
                yield from details(result)
                yield ""
        yield from summary(result)

    def conclude(self, result: Results) -> None:
        """Writes the report into the run's folder, and prints the result."""
        trouble = write_report(result)
        super().conclude(replace(result, trouble=result.trouble or trouble))

    def remark(self, text: str) -> None:
        """Prints a line after the result: on standard output, or on standard error if the result is JSON."""
        printed(plain_console(stderr=self._as_json), text)


def _facts(progress: "SearchProgress") -> Table:
    rows, pool = progress.problems, progress.pool
    facts = Table.grid(padding=(0, 3))
    for _ in range(6):
        facts.add_column()
    left = "no limit" if progress.seconds_left is None else clock(progress.seconds_left)
    ended = f"{sum(row.ended for row in rows)} of {sum(row.searches for row in rows)}"
    facts.add_row("time", clock(progress.seconds), "left", left, "searches ended", ended)
    if pool is not None:
        facts.add_row(
            "workers", f"{pool.workers:,}", "measured", f"{pool.measured:,}", "workers lost", f"{pool.lost:,}"
        )
    return facts


def _rows(progress: "SearchProgress") -> Fitted:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("problem", no_wrap=True)
    truth = any(row.accuracy is not None for row in progress.problems)
    headers = [
        "evaluated",
        "best score",
        *(["accuracy"] if truth else []),
        "cache hits",
        "per second",
        "left",
        "ended",
    ]
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    for row in progress.problems:
        table.add_row(
            row.problem,
            f"{row.evaluated:,}/{row.budget:,}",
            number(row.score),
            *([number(row.accuracy)] if truth else []),
            f"{row.cache_hits:,}",
            f"{row.per_second:,.1f}",
            _left(row, progress.seconds_left),
            f"{row.ended}/{row.searches}",
            style="dim" if row.ended == row.searches else "",
        )
    # Below each other, the parts of a live table would not fit the height of a terminal.
    return Fitted(table, drop=("cache hits", "per second", "left", "ended"))


def _left(row: "ProblemProgress", limit: float | None) -> str:
    """How long a problem still takes at its speed so far, at most to the time limit."""
    if row.ended == row.searches:
        return clock(0)
    if row.per_second <= 0:
        return "-"
    left = (row.budget - row.evaluated) / row.per_second
    return clock(left if limit is None else min(left, limit))
