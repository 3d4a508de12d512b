"""The display of ``rayzc suite fill``: its progress, then its result."""

from pathlib import Path

from rich import box
from rich.table import Table

from rayzc.cli.durations import clock
from rayzc.cli.output import ProgressDisplay, plain_console
from rayzc.cluster.measuring.filling import Filled, Filling
from rayzc.errors import counted

__all__ = ["FillDisplay", "print_filled"]

_MOST_FAILURES = 20


class FillDisplay(ProgressDisplay[Filling]):
    """The progress of ``rayzc suite fill``."""

    def line(self, progress: Filling) -> str:
        """The progress on a line."""
        measured, workers = progress.statistics.measured, progress.statistics.workers
        failures = f"  {counted(progress.failures, 'score')} failed" if progress.failures else ""
        if not workers and not progress.done:
            return f"{clock(progress.seconds):>7}  starting"
        return (
            f"{clock(progress.seconds):>7}  {progress.done:,} of {progress.rows:,} rows  "
            f"{counted(measured, 'network')} measured  {counted(workers, 'worker')}{failures}"
        )


def print_filled(filled: Filled, out: Path) -> None:
    """The cells that were filled and those that were not, by problem and proxy."""
    console = plain_console()
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("problem", no_wrap=True)
    table.add_column("proxy", no_wrap=True)
    for header in ("scores measured", "failed", "still lacking"):
        table.add_column(header, justify="right")
    failed = [(failure.problem, failure.proxy) for failure in filled.failures]
    for name, counts in filled.cells.items():
        for proxy, count in counts.items():
            numbers = (count, failed.count((name, proxy)), filled.lacking[name][proxy])
            table.add_row(name, proxy, *(f"{number:,}" for number in numbers))
    console.print(table)
    for failure in filled.failures[:_MOST_FAILURES]:
        console.print(
            f"failed: {failure.proxy} of {failure.architecture} on {failure.problem}: {failure.reason}",
            soft_wrap=True,
            markup=False,
        )
    if len(filled.failures) > _MOST_FAILURES:
        console.print(f"and {len(filled.failures) - _MOST_FAILURES:,} more; --json lists them all")
    for name, proxy, before in filled.mixed:
        console.print(
            f"note: {proxy} on {name} had {before:,} scores already; the new scores were measured on other images, "
            "unless you gave the same images",
            soft_wrap=True,
            markup=False,
        )
    measured, cached, lost = filled.statistics.measured, filled.statistics.cached, filled.statistics.lost
    ends = f", {counted(lost, 'worker')} lost and replaced" if lost else ""
    console.print(
        f"measured   {counted(measured, 'network')} in {clock(filled.seconds)}; {cached:,} were known already{ends}",
        soft_wrap=True,
        markup=False,
    )
    if filled.interrupted is None:
        console.print(f"suite      {out}", soft_wrap=True, markup=False)
