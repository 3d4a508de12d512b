"""``rayzc discover``: breed a formula."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rayzc.runs import Limits

__all__ = ["discover", "limits_of", "names"]

SUITE_HELP = "Parquet file, JSON file, folder of zc_<space>.json files, or name of a suite."
ADDRESS_HELP = "Ray cluster, host:port or auto. Default: RAY_ADDRESS, else Ray on this machine."
WORKERS_HELP = "How many workers. Default: as many as the cluster has CPUs."
TIME_HELP = "Stop after this time: 90s, 3m, 1h30m."
EPOCHS_HELP = "Stop when every island has evolved for so many epochs."
EVALUATIONS_HELP = "Stop after so many formulas."
PLATEAU_HELP = "Stop when the best formula has not got better for so many epochs."
QUIET_HELP = "Print only the result."
JSON_HELP = "Print the result as a JSON document."

TimeLimit = Annotated[str | None, typer.Option("--time-limit", metavar="TIME", help=TIME_HELP)]
Epochs = Annotated[int | None, typer.Option("--epochs", help=EPOCHS_HELP)]
Evaluations = Annotated[int | None, typer.Option("--evaluations", help=EVALUATIONS_HELP)]
Plateau = Annotated[int | None, typer.Option("--plateau", help=PLATEAU_HELP)]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help=WORKERS_HELP)]
Address = Annotated[str | None, typer.Option("--address", help=ADDRESS_HELP)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help=QUIET_HELP)]
AsJson = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


def discover(
    suite: Annotated[str, typer.Option("--suite", metavar="PATH_OR_NAME", help=SUITE_HELP)],
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
    holdout: Annotated[
        float | None, typer.Option("--holdout", help="Share of the networks to validate on, such as 0.25.")
    ] = None,
    islands: Annotated[
        int | None, typer.Option("--islands", help="How many subpopulations. Default: 16.")
    ] = None,
    population: Annotated[int | None, typer.Option("--population", help="Formulas on an island.")] = None,
    max_size: Annotated[int | None, typer.Option("--max-size", help="Most nodes of a formula.")] = None,
    measure: Annotated[
        str | None, typer.Option("--measure", help="kendall (default), spearman or weighted_kendall.")
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option("--objective", help="mean (default), min, mean-std, cvar, or module:function of yours."),
    ] = None,
    selection: Annotated[
        str | None, typer.Option("--selection", help="tournament, lexicase or both with a comma (default).")
    ] = None,
    topology: Annotated[
        str | None, typer.Option("--topology", help="Migration: ring (default), torus, star or random.")
    ] = None,
    migration_interval: Annotated[
        int | None,
        typer.Option("--migration-interval", help="Epochs from one migration to the next; 0: none."),
    ] = None,
    migration_rate: Annotated[
        float | None, typer.Option("--migration-rate", help="Share of the population that emigrates.")
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option("--start", metavar="FORMULA", help="A formula to start from; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same formulas.")] = 0,
    time_limit: TimeLimit = None,
    epochs: Epochs = None,
    evaluations: Evaluations = None,
    plateau: Plateau = None,
    workers: Workers = None,
    address: Address = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the run. Default: a new one in runs/.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the run in that folder.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Breed a formula over zero-cost proxies that ranks the networks of all problems."""
    from rayzc.cli.displays.discovery import DiscoveryDisplay
    from rayzc.evolution import Settings
    from rayzc.problems import load_suite

    choices = {
        "islands": islands,
        "population": population,
        "max_size": max_size,
        "measure": measure,
        "objective": objective,
        "selection": tuple(names([selection])) if selection else None,
        "topology": topology,
        "migration_interval": migration_interval,
        "migration_rate": migration_rate,
        "seeds": tuple(start or ()),
    }
    given = {name: value for name, value in choices.items() if value is not None}
    settings = Settings(seed=seed, **given)  # type: ignore[arg-type]
    limits = limits_of(time_limit, epochs, evaluations, plateau)
    display = DiscoveryDisplay(quiet, as_json)
    if not proxies:
        left_out = load_suite(suite).select(names(problems), names(leave_out)).left_out
        for proxy, lacking in left_out.items():
            display.say(f"{proxy} is not used: it is missing on {', '.join(lacking)}")

    from rayzc.cluster import discover

    with display:
        result = discover(
            suite,
            proxies=names([proxies]) if proxies else None,
            problems=names(problems),
            leave_out=names(leave_out),
            holdout=holdout,
            settings=settings,
            limits=limits,
            workers=workers,
            address=address,
            out=out,
            force=force,
            listen=display.show,
        )
    display.conclude(result)


def limits_of(
    time_limit: str | None, epochs: int | None, evaluations: int | None, plateau: int | None
) -> "Limits":
    """The limits that were given.

    Raises:
        RunError: one of them is no limit.
    """
    from rayzc.cli.durations import seconds
    from rayzc.runs import Limits

    return Limits(seconds(time_limit) if time_limit is not None else None, epochs, evaluations, plateau)


def names(values: list[str] | list[str | None] | None) -> list[str]:
    """Names given with commas, by repetition, or both."""
    return [name.strip() for value in values or [] if value for name in value.split(",") if name.strip()]
