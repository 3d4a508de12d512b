"""``rayzc suite fill``: measure what a suite's tables lack."""

import shlex
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rayzc.cli.options import SUITE_HELP, Address, AsJson, Problems, Quiet, Workers, names
from rayzc.cli.proxies import Device, Images, Seed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from rayzc.cluster.measuring.filling import Filled, Filling

__all__ = ["fill"]

_LINE_SECONDS = 5.0
_MOST_FAILURES = 20

PROXIES_HELP = "Proxies to measure; one of yours as module:name."
LIMIT_HELP = "Measure so many rows of each problem at most."
TIME_HELP = "Longest time for one network: 90s, 10m. It is reported as failed then."
CACHE_HELP = "Folder of what was measured, to go on from. Default: beside --out."


def fill(
    source: Annotated[str, typer.Argument(metavar="SUITE", help=SUITE_HELP)],
    proxies: Annotated[str, typer.Option("--proxies", metavar="A,B", help=PROXIES_HELP)],
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    problems: Problems = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help=LIMIT_HELP)] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="How many images a network is shown.")] = 32,
    images: Images = None,
    seed: Seed = 0,
    device: Device = None,
    time_limit: Annotated[
        str, typer.Option("--time-limit-per-network", metavar="TIME", help=TIME_HELP)
    ] = "10m",
    cache: Annotated[Path | None, typer.Option("--cache", metavar="FOLDER", help=CACHE_HELP)] = None,
    workers: Workers = None,
    address: Address = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure the scores that a suite lacks, on Ray; what was measured is kept, so that it can go on any time."""
    from dataclasses import replace

    from rayzc.cli.durations import seconds
    from rayzc.cli.suite import check_out
    from rayzc.problems import load_suite, write_suite

    check_out(out, force)
    kept = cache if cache is not None else out.with_suffix(".measurements")
    allowed = seconds(time_limit)
    suite = load_suite(source)

    from rayzc.cluster.measuring.filling import fill_suite

    with _Display(quiet) as display:
        filled = fill_suite(
            suite,
            proxies=_known(names([proxies])),
            problems=names(problems),
            limit=limit,
            batch_size=batch,
            images=images,
            device=device,
            network_time_limit=allowed,
            seed=seed,
            workers=workers,
            cache=kept,
            address=address,
            listen=display.show,
        )
    if filled.interrupted is None:
        write_suite(replace(filled.suite, name=out.stem), out)
    _conclude(filled, out, kept, display, as_json)


def _known(given: list[str]) -> list[str]:
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
    return [text.rpartition(":")[2] for text in given]


def _conclude(filled: "Filled", out: Path, kept: Path, display: "_Display", as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(_document(filled, out, kept), indent=1))
    else:
        _print(filled, out)
    if filled.interrupted is not None:
        display.say(
            f"interrupted by {filled.interrupted.name}; {filled.filled:,} scores are kept in {kept}; "
            f"to go on: rayzc {shlex.join(sys.argv[1:])}"
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
    from rayzc.cli.output import plain_console

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
    ends = f", {lost} workers lost and replaced" if lost else ""
    console.print(
        f"measured   {measured:,} networks in {clock(filled.seconds)}; {cached:,} were known already{ends}",
        soft_wrap=True,
        markup=False,
    )
    if filled.interrupted is None:
        console.print(f"suite      {out}", soft_wrap=True, markup=False)


def _mixed(filled: "Filled") -> list[tuple[str, str, int]]:
    """Columns in which scores from elsewhere and our own stand together: problem, proxy, how many were there."""
    sizes = {problem.name: len(problem) for problem in filled.suite.problems}
    counted = [
        (name, proxy, sizes[name] - count - filled.lacking[name][proxy])
        for name, counts in filled.cells.items()
        for proxy, count in counts.items()
        if count
    ]
    return [(name, proxy, before) for name, proxy, before in counted if before]


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

    measured, workers = progress.statistics.measured, progress.statistics.workers
    failures = f"  {progress.failures:,} scores failed" if progress.failures else ""
    if not workers and not progress.done:
        return f"{clock(progress.seconds):>7}  starting"
    return (
        f"{clock(progress.seconds):>7}  {progress.done:,} of {progress.rows:,} rows  {measured:,} networks measured"
        f"  {workers} workers{failures}"
    )
