"""``rayzc suite fill``: measure the scores that a suite lacks."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rayzc.cli.options import SUITE, Output, takes_options
from rayzc.errors import SuiteError
from rayzc.options import Cluster, FillOptions

if TYPE_CHECKING:
    from rayzc.cluster.measuring.filling import Filled

__all__ = ["check_out", "fill"]


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
            help="Folder that keeps the measurements, to continue from. [dim]\\[default: next to --out][/dim]",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
    space: Annotated[
        str | None,
        typer.Option(
            "--space",
            metavar="MODULE:SPACE",
            help="Search space of your own that the suite's architectures are of, see rayzc search.",
        ),
    ] = None,
) -> None:
    """Measure the scores that a suite lacks, on Ray. Measurements are kept: to continue, repeat the command."""
    from dataclasses import replace

    from rayzc.cli.displays.filling import FillDisplay
    from rayzc.problems import load_suite, write_suite

    check_out(out, force)
    if not options.proxies:
        raise SuiteError("--proxies is missing: name the proxies to measure, such as --proxies nwot,zen")
    kept = cache if cache is not None else out.with_suffix(".measurements")
    suite = load_suite(source)

    options = options.replaced(proxies=_known(options.proxies))

    from rayzc.cluster.measuring.filling import fill_suite
    from rayzc.cluster.measuring.user_spaces import load_space

    if space is not None:
        load_space(space)
    with FillDisplay(output) as display:
        filled = fill_suite(
            suite,
            options=options,
            cluster=cluster,
            cache=kept,
            listen=display.show,
        )
    if filled.interrupted is None:
        write_suite(replace(filled.suite, name=out.stem), out)
    _conclude(filled, out, kept, output.as_json)


def check_out(out: Path, force: bool) -> None:
    """Checks the name of the file that a command will write, before the work begins.

    Raises:
        SuiteError: the file exists and must not be overwritten, or cannot be written.
    """
    from rayzc.runs import local_path

    local_path(out, "a suite is written to a file of this machine: give a path to --out")
    if out.exists() and (out.is_dir() or not force):
        what = "it is a folder; name a file" if out.is_dir() else "use --force to overwrite it"
        raise SuiteError(f"{out} exists: {what}")
    if out.suffix == ".json":
        raise SuiteError(f"{out}: a suite is written as Parquet; give a name that ends in .parquet")
    if not out.parent.is_dir():
        raise SuiteError(f"{out}: the folder {out.parent} does not exist; create it first")


def _known(given: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the proxies; imports the modules of the user's own proxies, which registers them.

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


def _conclude(filled: "Filled", out: Path, kept: Path, as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(_document(filled, out, kept), indent=1))
    else:
        from rayzc.cli.displays.filling import print_filled

        print_filled(filled, out)
    if filled.trouble:
        typer.echo(f"rayzc: {filled.trouble}", err=True)
    if filled.interrupted is not None:
        typer.echo(
            f"interrupted by {filled.interrupted.name}; {filled.filled:,} scores are kept in {kept}; "
            f"to continue: rayzc {shlex.join(sys.argv[1:])}",
            err=True,
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
