"""The display of ``rayzc study``: its discoveries as they grow, then the matrix of bred on by judged on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from rayzc.cli.displays.tables import Fitted, printed
from rayzc.cli.durations import clock
from rayzc.cli.output import Display, plain_table
from rayzc.errors import counted
from rayzc.evolution.matrix import Tau
from rayzc.evolution.studies import Kind

if TYPE_CHECKING:
    from rayzc.cluster.studies import StudyProgress
    from rayzc.runs import Study

__all__ = ["StudyDisplay"]

_ROWS = 20
_BRACKETS: Mapping[bool, str] = {True: "what was left out", False: "what they were bred on"}


class StudyDisplay(Display["StudyProgress", "Study"]):
    """The display of ``rayzc study``."""

    def line(self, progress: "StudyProgress") -> str:
        """The progress on a line."""
        states = [state for _, state in progress.under_way]
        epochs = sorted(max(state.epoch, 0) for state in states) or [0]
        reached = f"{epochs[0]}" if epochs[0] == epochs[-1] else f"{epochs[0]} to {epochs[-1]}"
        left = "" if progress.seconds_left is None else f"  {clock(progress.seconds_left)} left"
        total = counted(progress.total, "discovery", "discoveries")
        return (
            f"{clock(progress.seconds):>7}  {progress.ended} of {total} ended  "
            f"epoch {reached}  {progress.per_second:>7,.0f} formulas/s  {counted(len(progress.processes), 'worker')} "
            f"{progress.busy:.0%} busy{left}"
        )

    def dashboard(self, progress: "StudyProgress") -> RenderableType:
        """The discoveries under way as a table, those furthest behind first."""
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("bred on", no_wrap=True)
        for header in ("epoch", "best", "worst problem", "formulas"):
            table.add_column(header, justify="right", no_wrap=True)
        shown = sorted(progress.under_way, key=lambda each: (each[1].evaluations, each[0].place))[:_ROWS]
        for member, state in shown:
            best = state.best
            table.add_row(
                Text(member.title),
                str(max(state.epoch, 0)),
                f"{best.objective:.4f}" if best else "-",
                f"{min(best.correlations):.3f}" if best else "-",
                f"{state.evaluations:,}",
            )
        hidden = len(progress.under_way) - len(shown)
        more = [f"and {hidden} more"] if hidden else []
        return Group(self.line(progress), table, *more)

    def print_result(self, result: "Study", console: Console) -> None:
        """A matrix for each way to choose problems, then what was computed."""
        for breed_on in dict.fromkeys(kind.breed_on for kind in result.matrix.kinds):
            kinds = [kind for kind in result.matrix.kinds if kind.breed_on == breed_on]
            for part in _matrix(result, breed_on, kinds):
                printed(console, part)
            printed(console, "")
        for line in _summary(result):
            printed(console, line)


def _matrix(result: "Study", breed_on: str, kinds: Sequence[Kind]) -> Iterator[RenderableType]:
    """The matrix of the discoveries whose problems were chosen in one way."""
    problems = result.matrix.problems
    numbered = breed_on.endswith("problem")
    columns = (
        {str(place + 1): (name,) for place, name in enumerate(problems)} if numbered else _by_space(problems)
    )
    table = plain_table()
    table.add_column("bred on", no_wrap=True)
    for header in (*columns, "known", "new"):
        table.add_column(header, justify="right", no_wrap=True)
    bracketed = breed_on != "all"
    left_out = breed_on.startswith("all-but")
    places = {name: place for place, name in enumerate(dict.fromkeys(kind.bred_on for kind in kinds))}
    for kind in kinds:
        cells = []
        for names in columns.values():
            text = _tau(result.matrix.tau([(kind, name) for name in names]))
            fitted = "*" if any(result.matrix.fitted(kind, name) for name in names) else ""
            marked = bracketed and all((name in kind.problems) != left_out for name in names)
            cells.append(f"[{text}{fitted}]" if marked else f"{text}{fitted}")
        number = f"{places[kind.bred_on] + 1:>2}  " if numbered else ""
        cells += [_tau(result.known([kind])), _tau(result.new([kind]))]
        table.add_row(Text(f"{number}{kind.title}"), *map(Text, cells))
    if len(places) > 1:
        table.add_section()
        for same in _by_variation(kinds):
            cells = [_tau(result.known(same)), _tau(result.new(same))]
            title = ", ".join(["mean", *same[0].variation])
            table.add_row(title, *[""] * len(columns), *cells, style="bold")
    about = f"; in brackets: {_BRACKETS[left_out]}" if bracketed else ""
    yield f"Kendall's tau on networks that are new to the formulas{about}"
    yield Fitted(table)
    if len(columns) > 1:
        yield "known, new: means over the problems that were bred on, and over those that were not"
    if any(result.matrix.fitted(kind, name) for kind in kinds for name in problems):
        yield "*  on the networks that were bred on, as no others are left"


def _summary(result: "Study") -> Iterator[str]:
    if any(tau and tau.interval for tau in (result.known([kind]) for kind in result.matrix.kinds)):
        yield "±          half of the 95 % bootstrap interval over networks and seeds"
    bred = sum(each["evaluations"] for each in result.results)
    busy = "" if result.busy is None else f", workers {result.busy:.1%} busy"
    yield (
        f"bred       {counted(bred, 'formula')} in {counted(len(result.members), 'discovery', 'discoveries')} and "
        f"{clock(result.seconds)}{busy}"
    )
    if result.unfinished:
        yield f"missing    {counted(result.unfinished, 'discovery', 'discoveries')} without a result"
    yield f"stopped    {result.stopped}"
    yield f"run        {result.run}"


def _by_space(problems: Sequence[str]) -> dict[str, tuple[str, ...]]:
    spaces: dict[str, tuple[str, ...]] = {}
    for name in problems:
        space = name.partition("/")[0]
        spaces[space] = (*spaces.get(space, ()), name)
    return spaces


def _by_variation(kinds: Sequence[Kind]) -> Iterator[list[Kind]]:
    for varied in dict.fromkeys(kind.varied for kind in kinds):
        yield [kind for kind in kinds if kind.varied == varied]


def _tau(tau: Tau | None) -> str:
    if tau is None:
        return "-"
    if tau.interval is None:
        return f"{tau.mean:.3f}"
    low, high = tau.interval
    return f"{tau.mean:.3f} ±{(high - low) / 2:.3f}"
