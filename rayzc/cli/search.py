"""``rayzc search``: find architectures under a formula."""

from typing import TYPE_CHECKING, Annotated

import typer

from rayzc.cli.options import (
    FORMULA_HELP,
    SUITE_HELP,
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
    Quiet,
    Seeds,
    TimeLimit,
    Workers,
    names,
)
from rayzc.cli.proxies import Device, Images

if TYPE_CHECKING:
    from rayzc.cluster.measuring import Setup

__all__ = ["search"]

PROBLEMS_HELP = (
    "Problems, spaces, tasks or patterns of the suite, with commas or again. Default: all. Without a suite: "
    "problems to measure on, such as nasbench201/cifar10."
)
CANDIDATES_HELP = (
    "table: rows of the suite's tables (default). space: any architecture; what tables lack is measured."
)
MINIMISE_HELP = "A further objective, such as flops: the result has a Pareto front, too; may be repeated."
STORAGE_HELP = (
    "Where searches keep their checkpoints: a path, s3://... or gs://... Default: the run's folder."
)
LOG_HELP = "Loggers to tell, with commas: csv, json, tensorboard, mlflow, wandb."
NETWORK_TIME_HELP = "Longest time for measuring one network: 90s, 10m. It is reported as failed then."


def search(
    formula: Annotated[str, typer.Option("--formula", metavar="FORMULA_OR_FILE", help=FORMULA_HELP)],
    suite: Annotated[
        str | None,
        typer.Option("--suite", metavar="PATH_OR_NAME", help=f"{SUITE_HELP} Default: measure everything."),
    ] = None,
    problems: Annotated[list[str] | None, typer.Option("--problems", help=PROBLEMS_HELP)] = None,
    leave_out: LeaveOut = None,
    candidates: Annotated[str | None, typer.Option("--candidates", help=CANDIDATES_HELP)] = None,
    algorithm: Algorithm = "regularized_evolution",
    budget: Budget = 1000,
    seeds: Seeds = 3,
    seed: Annotated[int, typer.Option("--seed", help="Of the first of them; the others follow.")] = 0,
    batch: Annotated[int, typer.Option("--batch", help="Architectures a search asks for at a time.")] = 10,
    constraint: Constraint = None,
    minimise: Annotated[
        list[str] | None, typer.Option("--minimise", metavar="FORMULA", help=MINIMISE_HELP)
    ] = None,
    time_limit: TimeLimit = None,
    width: Annotated[int | None, typer.Option("--width", help="Channels of scaled-down networks.")] = None,
    depth: Annotated[
        int | None, typer.Option("--depth", help="Repeats of scaled-down networks' cells.")
    ] = None,
    images: Images = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="Images a network is measured on. Default: 64.")
    ] = None,
    device: Device = None,
    network_time_limit: Annotated[
        str | None, typer.Option("--network-time-limit", metavar="TIME", help=NETWORK_TIME_HELP)
    ] = None,
    workers: Workers = None,
    address: Address = None,
    storage: Annotated[str | None, typer.Option("--storage", metavar="URI", help=STORAGE_HELP)] = None,
    log: Annotated[list[str] | None, typer.Option("--log", metavar="A,B", help=LOG_HELP)] = None,
    out: Out = None,
    force: Force = False,
    export: Export = None,
    details: Details = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Search for the best architectures under a formula, on many problems at once."""
    from rayzc.cli.displays.search import SearchDisplay
    from rayzc.cli.durations import seconds
    from rayzc.cli.exporting import check_folder, export_best
    from rayzc.cli.formulas import read_formula

    parsed = read_formula(formula)
    limit = seconds(time_limit) if time_limit is not None else None
    network_limit = seconds(network_time_limit) if network_time_limit is not None else None
    check_folder(export)

    from rayzc.cluster.searches import search

    display = SearchDisplay(quiet, as_json, details)
    with display:
        result = search(
            parsed,
            suite,
            problems=names(problems),
            leave_out=names(leave_out),
            candidates=candidates,
            algorithm=algorithm,
            budget=budget,
            seeds=seeds,
            seed=seed,
            batch=batch,
            constraints=constraint or (),
            minimise=minimise or (),
            setup=_setup(suite is not None, width, depth, images, batch_size, device, network_limit),
            time_limit=limit,
            workers=workers,
            address=address,
            storage=storage,
            loggers=names(log),
            out=out,
            force=force,
            listen=display.show,
        )
    display.conclude(result)
    export_best(result, export, display.remark)


def _setup(
    tabulated: bool,
    width: int | None,
    depth: int | None,
    images: str | None,
    batch_size: int | None,
    device: str | None,
    time_limit: float | None,
) -> "Setup":
    """How networks are measured: as written where a table measured them so, otherwise each network once."""
    from rayzc.cluster.measuring import Setup

    choices = {
        "width": width,
        "depth": depth,
        "images": images,
        "batch": batch_size,
        "device": device,
        "time_limit": time_limit,
    }
    given = {name: value for name, value in choices.items() if value is not None}
    return Setup(as_written=tabulated, **given)  # type: ignore[arg-type]
