"""``rayzc suite``: import, inspect, fetch and fill suites."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rayzc.cli.build import build
from rayzc.cli.fill import check_out, fill
from rayzc.cli.options import SUITE, SUITE_DEFAULT
from rayzc.errors import counted
from rayzc.options.shared import DEFAULT_SUITE

if TYPE_CHECKING:
    from rayzc.problems import Suite

__all__ = ["suite"]

suite = typer.Typer(
    help="Import, inspect, fetch and fill suites of problems.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@suite.command("import")
def import_suite(
    path: Annotated[str, typer.Argument(metavar="PATH", help=SUITE)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Parquet file to write.")],
    name: Annotated[
        str | None,
        typer.Option("--name", help="Name of the suite. [dim]\\[default: the file name of --out][/dim]"),
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="OLD=NEW", help="Rename a proxy; may be repeated."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Convert NAS-Bench-Suite-Zero JSON files to one Parquet file, which loads much faster."""
    from dataclasses import replace

    from rayzc.formula import is_proxy_name
    from rayzc.problems import load_suite, suite_warnings, write_suite

    check_out(out, force)
    loaded = replace(load_suite(path).renamed(_renames(rename or [])), name=name or out.stem)
    write_suite(loaded, out)
    rows = counted(sum(map(len, loaded.problems)), "row")
    typer.echo(f"{out}: {counted(len(loaded), 'problem')}, {rows}")
    dropped = int(loaded.metadata.get("dropped_without_accuracy", "0"))
    if dropped:
        typer.echo(f"left out: {counted(dropped, 'entry', 'entries')} without an accuracy")
    for line in (*_missing(loaded), *suite_warnings(loaded, is_proxy_name)):
        typer.echo(line)


def _renames(given: list[str]) -> dict[str, str]:
    """Old and new names from ``OLD=NEW``.

    Raises:
        SuiteError: a text without ``=``, or without a new name.
    """
    from rayzc.errors import SuiteError

    pairs = [text.rpartition("=")[::2] for text in given]
    for text, (_, new) in zip(given, pairs, strict=True):
        if "=" not in text or not new:
            raise SuiteError(f"--rename '{text}': write OLD=NEW, such as jacob-cov=jacov")
    return dict(pairs)


@suite.command()
def info(
    source: Annotated[
        str, typer.Argument(metavar="SUITE", help=SUITE + SUITE_DEFAULT, show_default=False)
    ] = DEFAULT_SUITE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as a JSON document.")] = False,
) -> None:
    """Show the problems of a suite and the proxies that they lack."""
    from rayzc.problems import load_suite

    loaded = load_suite(source)
    if as_json:
        import json

        typer.echo(json.dumps(_document(loaded), indent=2))
        return
    _print_table(loaded)


@suite.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the suite: nbsz-13.")],
    mirror: Annotated[
        str | None,
        typer.Option(
            "--mirror", metavar="URL", help="URL of a folder with the files, tried before the public mirrors."
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            help="Folder with the files, or a clone of NASLib, tried first. "
            "[dim]\\[default: naslib/data here, and that of the installed NASLib][/dim]",
        ),
    ] = None,
) -> None:
    """Find and check the public files of a named suite, for use as --suite NAME."""
    from rayzc.cli.displays.fetching import print_files
    from rayzc.problems import FileReport, fetch_suite

    files: list[FileReport] = []
    try:
        path = fetch_suite(name, mirror=mirror, report=typer.echo, folder=folder, ended=files.append)
    finally:
        print_files(files)
    if files:
        typer.echo(f"{path} is ready: --suite {name}")


suite.command()(fill)
suite.command()(build)


def _missing(loaded: "Suite") -> list[str]:
    """A line for every proxy that not all problems have."""
    return [f"{proxy} is missing on {', '.join(problems)}" for proxy, problems in loaded.left_out.items()]


def _document(loaded: "Suite") -> dict[str, Any]:
    import numpy as np

    def described(index: int) -> dict[str, Any]:
        problem = loaded.problems[index]
        common = loaded.common_proxies
        fitted = problem.complete(common) if common else problem.take([])
        return {
            "problem": problem.name,
            "architectures": len(problem),
            "networks": len(np.unique(problem.groups)),
            "complete": len(fitted),
            "complete_networks": len(np.unique(fitted.groups)),
            "proxies": sorted(problem.has),
            "missing": [proxy for proxy in loaded.proxies if proxy not in problem.has],
            "ceiling": problem.ceiling,
        }

    return {
        "name": loaded.name,
        "content_hash": loaded.content_hash,
        "metadata": dict(loaded.metadata),
        "common_proxies": list(loaded.common_proxies),
        "left_out": {proxy: list(problems) for proxy, problems in loaded.left_out.items()},
        "problems": [described(index) for index in range(len(loaded))],
        "benchmark": _benchmark(loaded),
    }


def _benchmark(loaded: "Suite") -> dict[str, Any] | None:
    """How the networks of a suite were built, shown images and trained, if it says so."""
    benchmark = loaded.benchmark
    if benchmark is None:
        return None
    return {
        "scales": {
            space: {"width": width, "depth": depth} for space, (width, depth) in benchmark.scales.items()
        },
        "tasks": {
            name: {
                "classes": task.classes,
                "input_shape": list(task.images.shape[1:]),
                "training": task.training,
                "testing": len(task.labels) - task.training,
            }
            for name, task in benchmark.tasks.items()
        },
        "recipe": dict(benchmark.recipe),
        "recipes": {space: dict(changes) for space, changes in benchmark.recipes.items()},
        "trainings": list(benchmark.seeds),
        "images": dict(benchmark.images),
    }


def _print_table(loaded: "Suite") -> None:
    from rich.markup import escape
    from rich.table import Table

    from rayzc.cli.output import plain_console
    from rayzc.formula import is_proxy_name
    from rayzc.problems import suite_warnings

    console = plain_console()
    document = _document(loaded)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("problem", no_wrap=True)
    for header in ("architectures", "networks", "complete rows", "their networks"):
        table.add_column(header, justify="right")
    table.add_column("proxies missing", overflow="fold")
    for row in document["problems"]:
        numbers = [row[key] for key in ("architectures", "networks", "complete", "complete_networks")]
        missing = ", ".join(row["missing"]) or "-"
        table.add_row(escape(row["problem"]), *(f"{number:,}" for number in numbers), escape(missing))
    common = document["common_proxies"]
    console.print(
        f"{loaded.name}: {counted(len(loaded), 'problem')}, content {loaded.content_hash[:16]}", markup=False
    )
    for key, value in loaded.metadata.items():
        if key != "specification":  # a long JSON document, which --json prints
            console.print(f"{key.replace('_', ' ')}: {value}", markup=False, soft_wrap=True)
    console.print()
    console.print(table)
    console.print()
    console.print(
        f"proxies on all problems ({len(common)}): {', '.join(common) or '-'}", markup=False, soft_wrap=True
    )
    console.print("complete: rows with all of these, on which formulas are fitted", markup=False)
    for line in suite_warnings(loaded, is_proxy_name):
        console.print(line, markup=False, soft_wrap=True)
    if loaded.benchmark is not None:
        from rayzc.cli.displays.building import print_benchmark

        print_benchmark(loaded, console)
