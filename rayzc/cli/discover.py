"""``rayzc discover``: breed a formula."""

from typing import TYPE_CHECKING, Annotated

import typer

from rayzc.cli.options import (
    Address,
    AsJson,
    Epochs,
    Evaluations,
    Force,
    LeaveOut,
    Out,
    Plateau,
    Problems,
    Proxies,
    Quiet,
    Suite,
    TimeLimit,
    Workers,
    names,
)

if TYPE_CHECKING:
    from rayzc.runs import Limits

__all__ = ["discover", "limits_of"]


def discover(
    suite: Suite,
    proxies: Proxies = None,
    problems: Problems = None,
    leave_out: LeaveOut = None,
    holdout: Annotated[
        float | None, typer.Option("--holdout", help="Share of the networks to validate on, such as 0.25.")
    ] = None,
    islands: Annotated[
        int | None,
        typer.Option("--islands", help="How many subpopulations, each on one worker at a time. Default: 16."),
    ] = None,
    population: Annotated[int | None, typer.Option("--population", help="Formulas on an island.")] = None,
    max_size: Annotated[
        int | None, typer.Option("--max-size", help="Most nodes of a formula. Default: 80.")
    ] = None,
    parsimony: Annotated[
        float | None,
        typer.Option("--parsimony", help="What a node must add to the objective. Default: 0.0002."),
    ] = None,
    max_ties: Annotated[
        float | None,
        typer.Option("--max-ties", help="Share of a problem's pairs that a formula may tie. Default: 0.025."),
    ] = None,
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
    out: Out = None,
    force: Force = False,
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
        "parsimony": parsimony,
        "max_ties": max_ties,
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
