"""The display of ``rayzc discover``: the front as it grows, then the formula and its correlations."""

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rayzc.cli.displays.comparison import comparison
from rayzc.cli.displays.tables import printed
from rayzc.cli.durations import clock
from rayzc.cli.output import Display, fitting
from rayzc.errors import counted
from rayzc.formula import Formula

if TYPE_CHECKING:
    from rayzc.cluster import Progress
    from rayzc.runs import Discovery

__all__ = ["DiscoveryDisplay"]

_FRONT_ROWS = 12


class DiscoveryDisplay(Display["Progress", "Discovery"]):
    """The display of ``rayzc discover``."""

    def line(self, progress: "Progress") -> str:
        """The progress on a line."""
        return _line(progress)

    def dashboard(self, progress: "Progress") -> RenderableType:
        """The progress as a table."""
        return _dashboard(progress)

    def print_result(self, result: "Discovery", console: Console) -> None:
        """The correlations on every problem, the formula and the run."""
        console.print(fitting(_result_tables(result), console), crop=False)
        if result.cross_validation is not None:
            for part in comparison(result.cross_validation):
                printed(console, part)
            printed(console, "")
        console.print(f"formula    {result.formula}", soft_wrap=True, markup=False)
        console.print(_summary(result), soft_wrap=True, markup=False)


def _line(progress: "Progress") -> str:
    if progress.best is None:
        return f"{clock(progress.seconds):>7}  starting, {counted(len(progress.processes), 'worker')} ready"
    taus = progress.best.correlations
    left = "" if progress.seconds_left is None else f"  {clock(progress.seconds_left)} left"
    spaces = f"  spaces left out {[*progress.transfer.values()][-1]:.3f}" if progress.transfer else ""
    return (
        f"{clock(progress.seconds):>7}  epoch {progress.epoch:>4}  best {progress.best.objective:.4f}{spaces}"
        f"  worst problem {min(taus):.3f}  {progress.evaluations:>9,} formulas  {progress.per_second:>7,.0f}/s"
        f"  {counted(len(progress.processes), 'worker')}{left}"
    )


def _dashboard(progress: "Progress") -> Group:
    facts = Table.grid(padding=(0, 3))
    for _ in range(4):
        facts.add_column()
    best = progress.best
    taus = best.correlations if best else ()
    left = "no limit" if progress.seconds_left is None else clock(progress.seconds_left)
    facts.add_row("time", clock(progress.seconds), "left", left)
    facts.add_row("epoch", f"{max(progress.epoch, 0):,}", "formulas", f"{progress.evaluations:,}")
    facts.add_row(
        "best", f"{best.objective:.4f}" if best else "-", "formulas per second", f"{progress.per_second:,.0f}"
    )
    facts.add_row(
        "mean tau", f"{sum(taus) / len(taus):.4f}" if taus else "-", "rankings known", f"{progress.known:,}"
    )
    lost = f" ({progress.workers_lost} lost)" if progress.workers_lost else ""
    facts.add_row(
        "worst tau", f"{min(taus):.4f}" if taus else "-", "workers", f"{len(progress.processes)}{lost}"
    )
    facts.add_row("", "", "driver busy", f"{progress.occupation:.0%}")
    front = Table(box=box.SIMPLE_HEAD, title="best formula of each complexity", title_justify="left")
    # Where room is short, columns that may wrap give way: so must the formulas, whose text then ends in dots.
    front.add_column("nodes", justify="right", no_wrap=True)
    front.add_column("objective", justify="right", no_wrap=True)
    if progress.transfer:
        # How formulas of about this size hold on spaces that they have not seen.
        front.add_column("spaces left out", justify="right", no_wrap=True)
    front.add_column("formula")
    for individual in progress.front[-_FRONT_ROWS:]:
        text = str(Formula.trusted(individual.tokens))
        front.add_row(
            str(len(individual.tokens)),
            f"{individual.objective:.4f}",
            *([_transfer(progress, len(individual.tokens))] if progress.transfer else []),
            Text(text, overflow="ellipsis", no_wrap=True),
        )
    return Group(facts, front)


def _transfer(progress: "Progress", size: int) -> str:
    """The mean tau on spaces left out of formulas of about some size."""
    *_, largest = progress.transfer.values()
    return f"{next((mean for limit, mean in progress.transfer.items() if size <= limit), largest):.4f}"


def _result_tables(result: "Discovery") -> list[Table]:
    """The correlations on every problem, the widest table first: narrower ones leave out the sizes."""
    held = result.held_out
    tables = []
    for sizes in (True, False):
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("problem", no_wrap=True)
        headers = [*(["architectures"] if sizes else []), "Kendall's tau"]
        if held:
            headers += ["held out", *(["architectures"] if sizes else [])]
        for header in headers:
            table.add_column(header, justify="right", no_wrap=True)
        for name, score in result.best.problems.items():
            cells = [name, *([f"{score.architectures:,}"] if sizes else []), f"{score.kendall:.3f}"]
            if held:
                other = held.problems[name]
                cells += [f"{other.kendall:.3f}", *([f"{other.architectures:,}"] if sizes else [])]
            table.add_row(*cells)
        table.add_section()
        means = ["mean", *([""] if sizes else []), f"{result.best.mean_kendall:.3f}"]
        if held:
            means.append(f"{held.mean_kendall:.3f}")
        table.add_row(*means, style="bold")
        tables.append(table)
    return tables


def _summary(result: "Discovery") -> str:
    judged = result.scored + result.known
    saved = (
        f" ({result.known / judged:.0%} of the scores saved, as their ranking was known)" if judged else ""
    )
    lost = f", {counted(result.workers_lost, 'worker')} lost and replaced" if result.workers_lost else ""
    bred = f"{counted(result.evaluations, 'formula')} in {counted(result.epochs, 'epoch')} and {clock(result.seconds)}"
    limit = result.most_evaluations
    more = ""
    if limit is not None and result.evaluations > limit:
        more = f"; the limit was {limit:,} formulas, but all islands finish the epoch in which it is reached"
    return f"bred       {bred}{saved}{lost}{more}\nstopped    {result.stopped}\nrun        {result.run}"
