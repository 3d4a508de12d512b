"""The display of ``rayzc run``: each stage as its own command displays it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType

from rayzc.cli.displays.discovery import DiscoveryDisplay
from rayzc.cli.displays.finals import finals, transfers
from rayzc.cli.displays.search import SearchDisplay
from rayzc.cli.displays.searched_details import write_report
from rayzc.cli.displays.tables import printed
from rayzc.cli.durations import clock
from rayzc.cli.options import SearchOutput
from rayzc.cli.output import Display
from rayzc.errors import counted
from rayzc.runs import Discovery, Pipeline

if TYPE_CHECKING:
    from rayzc.cluster import Progress
    from rayzc.cluster.finals import Finishing
    from rayzc.cluster.searches import SearchProgress

__all__ = ["PipelineDisplay"]


class PipelineDisplay(Display["Progress | SearchProgress | Finishing", Pipeline]):
    """The display of ``rayzc run``.

    Args:
        output: how to print.
    """

    def __init__(self, output: SearchOutput) -> None:
        super().__init__(output)
        self._discovery = DiscoveryDisplay(output)
        self._search = SearchDisplay(output)

    def line(self, progress: "Progress | SearchProgress | Finishing") -> str:
        """The progress of the stage on a line."""
        from rayzc.cluster import Progress
        from rayzc.cluster.finals import Finishing

        if isinstance(progress, Progress):
            return self._discovery.line(progress)
        if isinstance(progress, Finishing):
            return _finishing(progress)
        return self._search.line(progress)

    def dashboard(self, progress: "Progress | SearchProgress | Finishing") -> RenderableType:
        """The progress of the stage as a table."""
        from rayzc.cluster import Progress
        from rayzc.cluster.finals import Finishing

        if isinstance(progress, Progress):
            return self._discovery.dashboard(progress)
        if isinstance(progress, Finishing):
            return _finishing(progress)
        return self._search.dashboard(progress)

    def found(self, discovery: Discovery) -> None:
        """A line about the formula of a discovery, before the next stage begins."""
        tau = discovery.best.mean_kendall
        checked = discovery.cross_validation
        spaces = f", {checked.handed_out.mean('left_out'):.4f} on search spaces left out," if checked else ""
        self.say(
            f"formula with mean tau {tau:.4f}{spaces} after {clock(discovery.seconds)}: {discovery.formula}"
        )
        if checked is not None:
            self.say(checked.verdict)

    def print_result(self, result: Pipeline, console: Console) -> None:
        """The formula and how it holds, the searches, and what the trained networks reached."""
        bred = result.discovery
        if bred is not None:
            tau = f"mean tau {bred['best']['mean_kendall']:.4f}"
            printed(
                console,
                f"bred       {counted(bred['evaluations'], 'formula')} in {clock(bred['seconds'])}; the best has {tau}",
            )
        for parts in (
            transfers(result.transfer) if result.transfer else (),
            self._search.parts(result.searched) if result.searched is not None else (),
            finals(result.finals) if result.finals else (),
        ):
            for part in parts:
                printed(console, part)
            printed(console, "")
        if result.untrained:
            printed(console, f"trained    nothing: {result.untrained}")
        printed(console, f"run        {result.run} with all stages, {clock(result.seconds)}")

    def conclude(self, result: Pipeline) -> None:
        """Writes the report of the searches, and prints the result."""
        trouble = write_report(result.searched) if result.searched is not None else None
        super().conclude(replace(result, trouble=result.trouble or trouble))

    def remark(self, text: str) -> None:
        """A line that follows the result."""
        self._search.remark(text)


def _finishing(progress: "Finishing") -> str:
    """The progress of the last stage on a line."""
    what = "trainings" if progress.stage == "training" else "random networks measured"
    left = "" if progress.seconds_left is None else f"  {clock(progress.seconds_left)} left"
    return f"{clock(progress.seconds):>7}  {progress.done:,} of {progress.total:,} {what}{left}"
