"""The display of ``rayzc run``: each stage as its own command displays it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType

from rayzc.cli.displays.discovery import DiscoveryDisplay
from rayzc.cli.displays.search import SearchDisplay
from rayzc.cli.displays.searched_details import write_report
from rayzc.cli.durations import clock
from rayzc.cli.options import SearchOutput
from rayzc.cli.output import Display
from rayzc.errors import counted
from rayzc.runs import Discovery, Pipeline

if TYPE_CHECKING:
    from rayzc.cluster import Progress
    from rayzc.cluster.searches import SearchProgress

__all__ = ["PipelineDisplay"]


class PipelineDisplay(Display["Progress | SearchProgress", Pipeline]):
    """The display of ``rayzc run``.

    Args:
        output: how to print.
    """

    def __init__(self, output: SearchOutput) -> None:
        super().__init__(output)
        self._discovery = DiscoveryDisplay(output)
        self._search = SearchDisplay(output)

    def line(self, progress: "Progress | SearchProgress") -> str:
        """The progress of the stage on a line."""
        from rayzc.cluster import Progress

        if isinstance(progress, Progress):
            return self._discovery.line(progress)
        return self._search.line(progress)

    def dashboard(self, progress: "Progress | SearchProgress") -> RenderableType:
        """The progress of the stage as a table."""
        from rayzc.cluster import Progress

        if isinstance(progress, Progress):
            return self._discovery.dashboard(progress)
        return self._search.dashboard(progress)

    def found(self, discovery: Discovery) -> None:
        """A line about the formula, before the searches begin."""
        tau = discovery.best.mean_kendall
        self.say(f"formula with mean tau {tau:.4f} after {clock(discovery.seconds)}: {discovery.formula}")

    def print_result(self, result: Pipeline, console: Console) -> None:
        """The table of the searches, under the formula and where it is from."""
        bred = result.discovery
        if bred is not None:
            tau = f"mean tau {bred['best']['mean_kendall']:.4f}"
            console.print(
                f"bred       {counted(bred['evaluations'], 'formula')} in {clock(bred['seconds'])}; the best has {tau}",
                soft_wrap=True,
                markup=False,
            )
        if result.searched is not None:
            self._search.print_result(result.searched, console)
        console.print(
            f"run        {result.run} with both stages, {clock(result.seconds)}", soft_wrap=True, markup=False
        )

    def conclude(self, result: Pipeline) -> None:
        """Writes the report of the searches, and prints the result."""
        trouble = write_report(result.searched) if result.searched is not None else None
        super().conclude(replace(result, trouble=result.trouble or trouble))

    def remark(self, text: str) -> None:
        """A line that follows the result."""
        self._search.remark(text)
