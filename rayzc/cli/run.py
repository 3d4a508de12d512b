"""``rayzc run``: from a suite to architectures."""

from typing import Annotated

import typer

from rayzc.cli.options import (
    FORMULA_HELP,
    Address,
    Algorithm,
    AsJson,
    Budget,
    Constraint,
    Details,
    Export,
    Force,
    LeaveOut,
    Out,
    Problems,
    Proxies,
    Quiet,
    Seeds,
    Suite,
    Workers,
    names,
)

__all__ = ["run"]

TIME_HELP = "Stop after this time: 10m, 1h. The discovery gets half of it, and three minutes at most."


def run(
    suite: Suite,
    formula: Annotated[
        str | None,
        typer.Option(
            "--formula", metavar="FORMULA_OR_FILE", help=f"{FORMULA_HELP} Default: one is bred first."
        ),
    ] = None,
    proxies: Proxies = None,
    problems: Problems = None,
    leave_out: LeaveOut = None,
    algorithm: Algorithm = "regularized_evolution",
    budget: Budget = 300,
    seeds: Seeds = 3,
    seed: Annotated[int, typer.Option("--seed", help="Of the discovery and of the first search.")] = 0,
    constraint: Constraint = None,
    time_limit: Annotated[str | None, typer.Option("--time-limit", metavar="TIME", help=TIME_HELP)] = None,
    workers: Workers = None,
    address: Address = None,
    out: Out = None,
    force: Force = False,
    export: Export = None,
    details: Details = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Breed a formula on a suite, then search with it on every problem at once."""
    from rayzc.cli.displays.pipeline import WholeDisplay
    from rayzc.cli.durations import seconds
    from rayzc.cli.exporting import check_folder, export_best
    from rayzc.cli.formulas import read_formula

    parsed = read_formula(formula) if formula is not None else None
    limit = seconds(time_limit) if time_limit is not None else None
    check_folder(export)

    from rayzc.cluster.pipeline import run
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
