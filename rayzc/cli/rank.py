"""``rayzc rank``: rank the user's own networks by a formula."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rayzc.cli.options import AsFormula, JsonOutput, takes_options
from rayzc.options import ShowOptions, option

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["rank"]


class RankOptions(ShowOptions, frozen=True, kw_only=True):
    """How a user's own networks are measured and ranked."""

    file: Annotated[
        Path | None,
        option(
            "Python file with networks: a dictionary MODELS = {...}, or functions that return networks.",
            flag="models",
            metavar="FILE.py",
            panel="What to rank",
        ),
    ] = None


@takes_options(options=RankOptions, output=JsonOutput)
def rank(
    formula: AsFormula,
    options: RankOptions,
    output: JsonOutput,
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODULE:NAME", help="Networks, or functions or classes that return networks."),
    ] = None,
) -> None:
    """Rank untrained networks by a formula, best network first."""
    import json

    import numpy as np

    from rayzc.cli.formulas import read_formula
    from rayzc.cli.output import plain_console
    from rayzc.documents import finite
    from rayzc.errors import ProxyError
    from rayzc.formula import ranking_values
    from rayzc.proxies import find
    from rayzc.proxies.batches import batch_of
    from rayzc.proxies.user_models import load_model, load_models, measure_model

    parsed = read_formula(formula)
    seed, classes = options.seed, options.classes
    failed: dict[str, str] = {}
    networks = {}
    for name in models or []:
        with _listing(name, failed):
            networks[name] = load_model(name, classes, seed)
    if options.file is not None:
        found = load_models(options.file, classes, seed)
        networks |= found.networks
        failed |= found.failures
    if not networks and failed:
        raise ProxyError(next(iter(failed.values())))
    if not networks:
        raise ProxyError("no networks to rank: name some as module:name, or give --models FILE.py")
    if not parsed.proxies:
        raise ProxyError(f"the formula {parsed} has no proxy in it: it gives every network the same score")
    wanted = find(parsed.proxies)
    shown = batch_of(options.images, options.input_shape, classes, options.batch_size, seed)
    results = {}
    for name, network in networks.items():
        with _listing(name, failed):
            results[name] = measure_model(
                name, network, shown, wanted, seed=seed, device=options.device, classes=classes
            )
    if not results:
        raise ProxyError(next(iter(failed.values())))
    columns = {
        proxy: np.array([result.scores.get(proxy, np.nan) for result in results.values()])
        for proxy in parsed.proxies
    }
    values = parsed.evaluate(columns)
    # Stable, so that networks of one score stay in the order given.
    ranked = ranking_values(values)
    order = np.argsort(-ranked, kind="stable")
    places = [1 + int((ranked > value).sum()) for value in ranked]  # networks of one score share a rank
    names = list(results)
    rows = [
        {
            "rank": places[index],
            "model": names[index],
            "score": float(values[index]),
            "proxies": {proxy: float(column[index]) for proxy, column in columns.items()},
            "failures": dict(results[names[index]].failures),
            "notes": list(results[names[index]].notes),
        }
        for index in order
    ]
    if output.as_json:
        typer.echo(json.dumps(finite({"formula": str(parsed), "ranking": rows, "failed": failed}), indent=1))
        return
    console = plain_console()
    console.print(
        _table(names, order.tolist(), places, values.tolist(), {k: c.tolist() for k, c in columns.items()})
    )
    for name, result in results.items():
        for proxy, reason in result.failures.items():
            console.print(f"{name}: {proxy} failed: {reason}", soft_wrap=True, markup=False, emoji=False)
        for note in result.notes:
            console.print(f"{name}: {note}", soft_wrap=True, markup=False, emoji=False)
    for name, reason in failed.items():
        text = reason if reason.startswith(name) else f"{name}: {reason}"
        console.print(f"not ranked: {text}", soft_wrap=True, markup=False, emoji=False)
    console.print(f"formula {parsed}", soft_wrap=True, markup=False, emoji=False)


@contextmanager
def _listing(name: str, failed: dict[str, str]) -> Iterator[None]:
    """Lists a network that cannot be had or measured, so that the others are ranked."""
    from rayzc.errors import ProxyError

    try:
        yield
    except ProxyError as error:
        failed[name] = str(error)


def _table(
    names: list[str],
    order: list[int],
    places: list[int],
    values: list[float],
    columns: dict[str, list[float]],
) -> "Table":
    from rich import box
    from rich.table import Table

    from rayzc.cli.proxies import lined_up

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("rank", justify="right")
    table.add_column("network", no_wrap=True)
    table.add_column("score", no_wrap=True, style="bold")
    numbers = {"score": values, **columns}
    for proxy in columns:
        table.add_column(proxy, no_wrap=True)
    texts = {title: lined_up(dict(zip(names, column, strict=True))) for title, column in numbers.items()}
    for index in order:
        name = names[index]
        table.add_row(str(places[index]), name, *(column[name] for column in texts.values()))
    return table
