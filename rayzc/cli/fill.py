"""``rayzc suite fill``: measure what a suite's tables lack."""

import shlex
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rayzc.cli.options import SUITE, Output, takes_options
from rayzc.errors import SuiteError
from rayzc.options import Cluster, FillOptions

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from rayzc.cluster.measuring.filling import Filled, Filling

__all__ = ["check_out", "fill"]

_LINE_SECONDS = 5.0
_MOST_FAILURES = 20


@takes_options(options=FillOptions, cluster=Cluster, output=Output)
def fill(
    source: Annotated[str, typer.Argument(metavar="SUITE", help=SUITE)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Parquet file to write.")],
    options: FillOptions,
    cluster: Cluster,
    output: Output,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            metavar="FOLDER",
            help="Folder that keeps the measurements, to continue from them. [dim]\\[default: beside --out][/dim]",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Measure the scores that a suite lacks, on Ray. Measurements are kept: repeat the command to continue."""
    from dataclasses import replace

    from rayzc.problems import load_suite, write_suite

    check_out(out, force)
    if not options.proxies:
        raise SuiteError("--proxies is needed: name the proxies to measure, --proxies A,B")
    kept = cache if cache is not None else out.with_suffix(".measurements")
    suite = load_suite(source)

    options = options.replaced(proxies=_known(options.proxies))

    from rayzc.cluster.measuring.filling import fill_suite

    with _Display(output.quiet) as display:
        filled = fill_suite(
            suite,
            options.proxies,
            options.problems,
            limit=options.limit,
            setup=options.setup,
            seed=options.seed,
            workers=cluster.workers,
            cache=kept,
            address=cluster.address,
            listen=display.show,
        )
    if filled.interrupted is None:
        write_suite(replace(filled.suite, name=out.stem), out)
    _conclude(filled, out, kept, display, output.as_json)


def check_out(out: Path, force: bool) -> None:
    """Checks the name of the file that a command is to write, before it does its work.

    Raises:
        SuiteError: it is there and not to be overwritten, or cannot be written.
    """
    if out.exists() and (out.is_dir() or not force):
        what = "it is a folder; name a file" if out.is_dir() else "use --force to overwrite it"
        raise SuiteError(f"{out} exists: {what}")
    if out.suffix == ".json":
        raise SuiteError(f"{out}: a suite is written as Parquet; give a name that ends in .parquet")
    if not out.parent.is_dir():
        raise SuiteError(f"{out}: the folder {out.parent} does not exist; create it first")


def _known(given: tuple[str, ...]) -> tuple[str, ...]:
    """The names of proxies, where the modules of the user's own are imported, so that these are registered.

    Raises:
        ProxyError: a module cannot be imported.
    """
    from rayzc.errors import ProxyError
    from rayzc.user_code import user_module

    for text in given:
        module, colon, _ = text.rpartition(":")
        if colon:
            user_module(module, ProxyError)
    return tuple(text.rpartition(":")[2] for text in given)


def _conclude(filled: "Filled", out: Path, kept: Path, display: "_Display", as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(_document(filled, out, kept), indent=1))
    else:
        _print(filled, out)
    if filled.interrupted is not None:
        display.say(
            f"interrupted by {filled.interrupted.name}; {filled.filled:,} scores are kept in {kept}; "
            f"to continue: rayzc {shlex.join(sys.argv[1:])}"
        )
        sys.exit(128 + filled.interrupted)


def _document(filled: "Filled", out: Path, kept: Path) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "out": None if filled.interrupted else str(out),
        "cache": str(kept),
        "filled": {name: dict(counts) for name, counts in filled.cells.items()},
        "lacking": {name: dict(counts) for name, counts in filled.lacking.items()},
        "failures": [asdict(failure) for failure in filled.failures],
        "networks_measured": filled.statistics.measured,
        "known_already": filled.statistics.cached,
        "workers_lost": filled.statistics.lost,
        "seconds": round(filled.seconds, 3),
        "interrupted": filled.interrupted.name if filled.interrupted else None,
    }


def _print(filled: "Filled", out: Path) -> None:
    from rich import box
    from rich.table import Table

    from rayzc.cli.durations import clock
    from rayzc.cli.output import counted, plain_console

    console = plain_console()
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("problem")
    table.add_column("proxy")
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
    for name, proxy, before in _mixed(filled):
        console.print(
            f"note: {proxy} on {name} had {before:,} scores already; the new ones stand beside them, and were taken on "
            "other images unless you gave the same",
            soft_wrap=True,
            markup=False,
        )
    measured, cached, lost = filled.statistics.measured, filled.statistics.cached, filled.statistics.lost
    ends = f", {counted(lost, 'worker')} lost and replaced" if lost else ""
    console.print(
        f"measured   {counted(measured, 'network')} in {clock(filled.seconds)}; {cached:,} known already{ends}",
        soft_wrap=True,
        markup=False,
    )
    if filled.interrupted is None:
        console.print(f"suite      {out}", soft_wrap=True, markup=False)


def _mixed(filled: "Filled") -> list[tuple[str, str, int]]:
    """Columns in which scores from elsewhere and our own stand together: problem, proxy, how many were there."""
    sizes = {problem.name: len(problem) for problem in filled.suite.problems}
    kept = [
        (name, proxy, sizes[name] - count - filled.lacking[name][proxy])
        for name, counts in filled.cells.items()
        for proxy, count in counts.items()
        if count
    ]
    return [(name, proxy, before) for name, proxy, before in kept if before]


class _Display:
    """Progress on standard error: one line that changes in a terminal, a line now and then elsewhere."""

    def __init__(self, quiet: bool) -> None:
        from rayzc.cli.output import plain_console

        self._quiet = quiet
        self._console: Console = plain_console(stderr=True)
        self._status: Status | None = None
        self._last_line = 0.0

    def __enter__(self) -> "_Display":
        if not self._quiet and self._console.is_terminal:
            self._status = self._console.status("starting Ray and the workers")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, text: str) -> None:
        """A line about what is going on, whether quiet or not: it says how to go on."""
        self._console.print(text, soft_wrap=True, markup=False)

    def show(self, progress: "Filling") -> None:
        """The progress now."""
        if self._status is not None:
            self._status.update(_line(progress))
        elif not self._quiet and time.monotonic() - self._last_line >= _LINE_SECONDS:
            self._last_line = time.monotonic()
            self._console.print(_line(progress), soft_wrap=True, markup=False)


def _line(progress: "Filling") -> str:
    from rayzc.cli.durations import clock
    from rayzc.cli.output import counted

    measured, workers = progress.statistics.measured, progress.statistics.workers
    failures = f"  {counted(progress.failures, 'score')} failed" if progress.failures else ""
    if not workers and not progress.done:
        return f"{clock(progress.seconds):>7}  starting"
    return (
        f"{clock(progress.seconds):>7}  {progress.done:,} of {counted(progress.rows, 'row')}"
        f"  {counted(measured, 'network')} measured  {counted(workers, 'worker')}{failures}"
    )
