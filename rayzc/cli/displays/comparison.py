"""The table that ends a cross-validated discovery: what is handed out, and all that it is to be compared with."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from rayzc.cli.displays.tables import Fitted
from rayzc.cli.output import plain_table
from rayzc.evolution.choosing import CrossValidation
from rayzc.evolution.transfer import Transfer

__all__ = ["comparison"]

_COLUMNS = {"fitted": "fitted", "held_out": "networks\nheld out", "left_out": "search spaces\nleft out"}
_NAMES = {
    "chosen": "bred, chosen by transfer",
    "fitted": "bred, best fitted",
    "committee": "bred, committee",
    "large committee": "bred, large committee",
    "proxy": "best single proxy",
}


def comparison(checked: CrossValidation) -> Iterator[RenderableType]:
    """The means of Kendall's tau side by side, with intervals, and what they say."""
    columns = [column for column in _COLUMNS if checked.handed_out.mean(column) is not None]
    yield "mean Kendall's tau over the problems, with 95 % intervals; first %: rank of the network that is ranked first"
    yield "search spaces left out: on each space, of what was bred or chosen without it"
    table = plain_table()
    table.add_column("formula", no_wrap=True)
    for column in columns:
        table.add_column(_COLUMNS[column], justify="right", no_wrap=True)
    table.add_column("first %\nleft out", justify="right", no_wrap=True)
    table.add_column("best of\nten %", justify="right", no_wrap=True)
    for what, row in checked.rows.items():
        own = what == checked.numbers
        top = row.top["left_out"]
        table.add_row(
            Text(_named(what, row)),
            *(_number(row, column) for column in columns),
            f"{100 * top.first:.0f}",
            f"{100 * top.best_of_ten:.1f}",
            style="bold" if own else "",
        )
    yield Fitted(table, drop=("best of\nten %", "first %\nleft out", _COLUMNS["held_out"]))
    yield checked.verdict
    nodes = f", of at most {checked.limit} nodes" if checked.numbers == "chosen" else ""
    yield f"handed out: {_named(checked.numbers, checked.handed_out)}{nodes}"


def _named(what: str, row: Transfer) -> str:
    name = _NAMES.get(what, what)
    return f"{name}, {row.name}" if what == "proxy" else name


def _number(row: Transfer, column: str) -> str:
    mean, bounds = row.mean(column), row.intervals.get(column)
    between = "" if bounds is None else f" [{bounds[0]:.3f}, {bounds[1]:.3f}]"
    return "-" if mean is None else f"{mean:.3f}{between}"
