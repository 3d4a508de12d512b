"""The tables of a run: how its formula holds on what it was not bred on, and what the trained networks reached."""

from collections.abc import Iterator, Sequence
from statistics import median

from rich.console import RenderableType
from rich.text import Text

from rayzc.cli.displays.tables import Fitted
from rayzc.cli.output import plain_table
from rayzc.errors import counted
from rayzc.evolution.transfer import Transfer
from rayzc.nas.finals import Choice, Final

__all__ = ["finals", "transfers"]

_COLUMNS = {"fitted": "fitted", "held_out": "held\nout", "left_out": "space\nleft out"}


def transfers(found: Sequence[Transfer]) -> Iterator[RenderableType]:
    """How the formula, the first, and every single proxy rank networks and spaces that they were not fitted to."""
    formula, *proxies = found
    columns = [name for name in _COLUMNS if formula.mean(name) is not None]
    yield "mean Kendall's tau over the problems"
    yield "fitted: on the networks that the formula was bred on, and the signs of the proxies chosen"
    if "held_out" in columns:
        yield "held out: on the other networks of the same search spaces"
    if "left_out" in columns:
        yield "space left out: on each space, of a formula that was bred without it"
    table = plain_table()
    table.add_column("formula", no_wrap=True)
    for name in columns:
        table.add_column(_COLUMNS[name], justify="right", no_wrap=True)
    order = columns[-1]
    ranked = sorted(proxies, key=lambda each: -(each.mean(order) or 0.0))
    for each in (formula, *ranked):
        own = each is formula
        table.add_row(
            Text("this formula" if own else each.name),
            *(_tau(each.mean(name)) for name in columns),
            style="bold" if own else "",
            end_section=own,
        )
    yield Fitted(table)
    if "left_out" in columns and proxies:
        yield _verdict(formula, proxies[0])


def finals(found: Sequence[Final]) -> Iterator[RenderableType]:
    """What the trained networks of every problem reached, and where the found ones are no better than the others."""
    trained = [final for final in found if final.accuracy(Choice.FOUND) is not None]
    trainings = max((len(each.accuracies) for final in found for each in final.finalists), default=0)
    count = sum(each.choice is Choice.FOUND for each in found[0].finalists)
    best = "" if count == 1 else f", of the best of {count}"
    mean = f"mean of {counted(trainings, 'training')}{best}"
    yield f"accuracy after training, as the suite's networks were trained, {mean}"
    yield "found: by the search with the formula"
    yield f"by proxy: of as many random networks as the search looked at, the choice of {found[0].proxy}"
    yield "top %: the found network is among the best x % of the suite's networks"
    table = plain_table()
    table.add_column("problem", no_wrap=True)
    headers = (
        *("networks\nsearched", "found", "by\nproxy", "random\nnetwork"),
        *("best in\nsuite", "median\nin suite", "top %", "noise"),
    )
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    for final in found:
        table.add_row(
            Text(final.problem),
            f"{final.searched:,}",
            *(_accuracy(final, choice) for choice in Choice),
            f"{final.suite[0]:.3f}",
            f"{median(final.suite):.3f}",
            "-" if final.top is None else f"{final.top:.0f}",
            f"±{final.noise:.3f}",
        )
    if len(trained) > 1:
        table.add_section()
        cells = [_mean([final.accuracy(choice) for final in found]) for choice in Choice]
        cells += [_mean([final.suite[0] for final in found])]
        cells += [_mean([median(final.suite) for final in found])]
        tops = [final.top for final in trained if final.top is not None]
        table.add_row("mean", "", *cells, f"{sum(tops) / len(tops):.0f}", "", style="bold")
    yield Fitted(table, drop=("noise", "median\nin suite", "networks\nsearched"))
    for choice, what in (
        (Choice.BY_PROXY, f"the choice of {found[0].proxy}"),
        (Choice.RANDOM, "a random network"),
    ):
        compared = [final for final in found if final.beats(choice) is not None]
        worse = [final.problem for final in compared if not final.beats(choice)]
        line = f"the found network is better than {what} on {len(compared) - len(worse)} of {len(compared)} problems"
        yield f"{line}; not on {', '.join(worse)}" if worse else line


def _verdict(formula: Transfer, proxy: Transfer) -> str:
    """Whether breeding has brought anything for search spaces that were left out."""
    own, other = formula.mean("left_out") or 0.0, proxy.mean("left_out") or 0.0
    better = "ranks" if own > other else "does not rank"
    beside = f"{_tau(own)} beside {_tau(other)}"
    return (
        f"what is bred {better} search spaces that were left out better than {proxy.name}, the best single proxy on "
        f"the fitted networks: {beside}"
    )


def _tau(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _accuracy(final: Final, choice: Choice) -> Text:
    value = final.accuracy(choice)
    best = max((final.accuracy(each) or 0.0 for each in Choice), default=0.0)
    return Text("-" if value is None else f"{value:.3f}", style="bold" if value == best else "")


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if len(known) == len(values) else "-"
