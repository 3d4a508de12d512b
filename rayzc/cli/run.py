"""``rayzc run``: from a suite to architectures."""

from pathlib import Path
from typing import Annotated

import typer

from rayzc.cli.discover import SUITE_HELP, Address, AsJson, Quiet, Workers, names
from rayzc.cli.search import ALGORITHM_HELP, CONSTRAINT_HELP, FORMULA_HELP, Details, Export

__all__ = ["run"]

TIME_HELP = "Stop after this time: 10m, 1h. The discovery gets half of it, and three minutes at most."


def run(
    suite: Annotated[str, typer.Option("--suite", metavar="PATH_OR_NAME", help=SUITE_HELP)],
    formula: Annotated[
        str | None,
        typer.Option(
            "--formula", metavar="FORMULA_OR_FILE", help=f"{FORMULA_HELP} Default: one is bred first."
        ),
    ] = None,
    proxies: Annotated[
        str | None,
        typer.Option("--proxies", metavar="A,B", help="Proxies to use. Default: all that every problem has."),
    ] = None,
    problems: Annotated[
        list[str] | None,
        typer.Option(
            "--problems", help="Problems, spaces, tasks or patterns, with commas or again. Default: all."
        ),
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", help="Problems, spaces or tasks to leave out.")
    ] = None,
    algorithm: Annotated[
        str, typer.Option("--algorithm", help=ALGORITHM_HELP, show_default=False)
    ] = "regularized_evolution",
    budget: Annotated[int, typer.Option("--budget", help="Distinct architectures a search evaluates.")] = 300,
    seeds: Annotated[int, typer.Option("--seeds", help="Searches of each problem.")] = 3,
    seed: Annotated[int, typer.Option("--seed", help="Of the discovery and of the first search.")] = 0,
    constraint: Annotated[
        list[str] | None, typer.Option("--constraint", metavar="COMPARISON", help=CONSTRAINT_HELP)
    ] = None,
    time_limit: Annotated[str | None, typer.Option("--time-limit", metavar="TIME", help=TIME_HELP)] = None,
    workers: Workers = None,
    address: Address = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the run. Default: a new one in runs/.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the run in that folder.")] = False,
    export: Export = None,
    details: Details = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Breed a formula on a suite, then search with it on every problem at once."""
    from rayzc.cli.displays.whole import WholeDisplay
    from rayzc.cli.durations import seconds
    from rayzc.cli.exporting import check_folder, export_best
    from rayzc.cli.formulas import read_formula

    parsed = read_formula(formula) if formula is not None else None
    limit = seconds(time_limit) if time_limit is not None else None
    check_folder(export)

    from rayzc.cluster.whole import run
    from rayzc.evolution import Settings

    display = WholeDisplay(quiet, as_json, details)
    with display:
        result = run(
            suite,
            formula=parsed,
            problems=names(problems),
            leave_out=names(leave_out),
            proxies=names([proxies]) if proxies else None,
            settings=Settings(seed=seed),
            time_limit=limit,
            algorithm=algorithm,
            budget=budget,
            seeds=seeds,
            constraints=constraint or (),
            workers=workers,
            address=address,
            out=out,
            force=force,
            listen=display.show,
            found=display.found,
        )
    display.conclude(result)
    if result.searched is not None:
        export_best(result.searched, export, display.remark)
