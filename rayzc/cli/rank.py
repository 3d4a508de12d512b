"""``rayzc rank``: rank the user's own networks by a formula."""

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
    networks = {name: load_model(name, classes, seed) for name in models or []}
    if options.file is not None:
        networks |= load_models(options.file, classes, seed)
    if not networks:
        raise ProxyError("no networks to rank: name some as module:name, or give --models FILE.py")
    if not parsed.proxies:
        raise ProxyError(f"the formula {parsed} has no proxy in it: it gives every network the same score")
    wanted = find(parsed.proxies)
    shown = batch_of(options.images, options.input_shape, classes, options.batch_size, seed)
    results = {
        name: measure_model(name, network, shown, wanted, seed=seed, device=options.device, classes=classes)
        for name, network in networks.items()
    }
    columns = {
        proxy: np.array([result.scores.get(proxy, np.nan) for result in results.values()])
        for proxy in parsed.proxies
    }
    values = parsed.evaluate(columns)
    # Stable, so that networks of one score stay in the order given.
    order = np.argsort(-ranking_values(values), kind="stable")
    names = list(results)
    rows = [
        {
            "rank": place + 1,
            "model": names[index],
            "score": float(values[index]),
            "proxies": {proxy: float(column[index]) for proxy, column in columns.items()},
            "failures": dict(results[names[index]].failures),
        }
        for place, index in enumerate(order)
    ]
    if output.as_json:
        typer.echo(json.dumps(finite({"formula": str(parsed), "ranking": rows}), indent=1))
        return
    console = plain_console()
    console.print(_table(names, order.tolist(), values.tolist(), {k: c.tolist() for k, c in columns.items()}))
    for name, result in results.items():
        for proxy, reason in result.failures.items():
            console.print(f"{name}: {proxy} failed: {reason}", soft_wrap=True, markup=False)
    console.print(f"formula {parsed}", soft_wrap=True, markup=False)


def _table(
    names: list[str], order: list[int], values: list[float], columns: dict[str, list[float]]
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
    for place, index in enumerate(order):
        name = names[index]
        table.add_row(str(place + 1), name, *(column[name] for column in texts.values()))
    return table
