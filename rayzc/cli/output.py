"""The output of a run: a live display in a terminal, plain lines elsewhere, and the result."""

import contextlib
import json
import shlex
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from signal import Signals
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from rich import box
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

from rayzc.cli.options import JsonOutput, Output
from rayzc.options.shared import DEFAULT_SUITE

if TYPE_CHECKING:
    from rayzc.runs import AnyPath

__all__ = [
    "Display",
    "ProgressDisplay",
    "Result",
    "fitting",
    "plain_console",
    "plain_table",
    "suite_or_default",
]

_LINE_SECONDS = 5.0


class Result(Protocol):
    """What the results of all kinds of runs have in common."""

    @property
    def run(self) -> "AnyPath | None":
        """The run's folder, if it has one."""
        ...

    @property
    def stopped(self) -> str:
        """Why it ended."""
        ...

    @property
    def interrupted(self) -> Signals | None:
        """The signal that ended it, if one did."""
        ...

    @property
    def trouble(self) -> str | None:
        """What could not be written, if anything."""
        ...

    def to_json(self) -> Mapping[str, Any]:
        """The document that ``--json`` prints."""
        ...


ProgressT = TypeVar("ProgressT")
ResultT = TypeVar("ResultT", bound=Result)


def plain_console(stderr: bool = False) -> Console:
    """A console that wraps lines only in a terminal."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = 200
    return console


def suite_or_default(given: str | None, output: JsonOutput) -> str:
    """The suite that a command uses; a line on standard error says so where none was given, and names a better one.

    Args:
        given: what ``--suite`` says.
        output: how the command prints.
    """
    if given is not None:
        return given
    if not output.as_json and not (isinstance(output, Output) and output.quiet):
        from rayzc.problems import SHIPPED_SUITES

        sys.stderr.write(
            f"suite      {DEFAULT_SUITE}, {SHIPPED_SUITES[DEFAULT_SUITE].description}; for the public benchmark: "
            "--suite nbsz-13 (rayzc suite fetch nbsz-13)\n"
        )
    return DEFAULT_SUITE


def fitting(tables: Sequence[Table], console: Console) -> Table:
    """The first of some tables that is not wider than the console, else the last.

    Names of problems are never cut, and no number ends in dots: a narrow terminal is shown fewer columns. Where even
    the last is too wide, the terminal wraps it, if it is printed with ``crop=False``.
    """
    for table in tables:
        width = console.measure(table, options=console.options.update(max_width=10_000)).maximum
        if width <= console.width:
            return table
    tables[-1].width = width
    return tables[-1]


def plain_table() -> Table:
    """A table whose only line is below its header, with columns two blanks apart."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)


class ProgressDisplay(ABC, Generic[ProgressT]):
    """Progress on standard error: live in a terminal, a line now and then elsewhere.

    Args:
        output: whether to show progress, and to print the result as JSON alone.
    """

    def __init__(self, output: Output) -> None:
        self._quiet = output.quiet
        self._as_json = output.as_json
        self._console = plain_console(stderr=True)
        self._live: Live | None = None
        self._aside = contextlib.ExitStack()
        self._last_line = 0.0

    @abstractmethod
    def line(self, progress: ProgressT) -> str:
        """The progress on a line."""

    def dashboard(self, progress: ProgressT) -> RenderableType:
        """The progress as a terminal shows it; by default the line."""
        return self.line(progress)

    def __enter__(self) -> Self:
        # Ray prints warnings of its own where results belong.
        self._aside.enter_context(contextlib.redirect_stdout(sys.stderr))
        if not self._quiet and self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
        self._aside.close()

    def say(self, text: str) -> None:
        """Prints a line about the progress."""
        if not self._quiet:
            self._console.print(text, soft_wrap=True, markup=False)

    def show(self, progress: ProgressT) -> None:
        """The progress of the run, now."""
        if self._quiet:
            return
        if self._live:
            self._live.update(self.dashboard(progress), refresh=True)
        elif time.monotonic() - self._last_line >= _LINE_SECONDS:
            self._last_line = time.monotonic()
            self._console.print(self.line(progress), soft_wrap=True, markup=False)


class Display(ProgressDisplay[ProgressT], Generic[ProgressT, ResultT]):
    """Progress on standard error, the result on standard output."""

    @abstractmethod
    def print_result(self, result: ResultT, console: Console) -> None:
        """The result for people to read."""

    def conclude(self, result: ResultT) -> None:
        """The result of the run; leaves with 128 and the signal's number where a signal ended it."""
        if self._as_json:
            sys.stdout.write(json.dumps(result.to_json(), indent=1) + "\n")
        else:
            self.print_result(result, plain_console())
        if result.trouble:
            self._console.print(f"rayzc: {result.trouble}", soft_wrap=True, markup=False)
        if result.interrupted:
            resume = f"rayzc resume {shlex.quote(str(result.run))}"
            self._console.print(f"{result.stopped}; to continue: {resume}", soft_wrap=True, markup=False)
            sys.exit(128 + result.interrupted)
