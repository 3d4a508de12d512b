"""``rayzc resume``: go on with a run, of whatever kind it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from rayzc.cli.discover import limits_of
from rayzc.cli.options import (
    Address,
    AsJson,
    Details,
    Epochs,
    Evaluations,
    Export,
    Plateau,
    Quiet,
    TimeLimit,
    Workers,
)

__all__ = ["RESUMED", "Given", "resume"]


@dataclass(frozen=True)
class Given:
    """The options of ``rayzc resume``, as they were given."""

    time_limit: str | None
    epochs: int | None
    evaluations: int | None
    plateau: int | None
    workers: int | None
    address: str | None
    export: Path | None
    details: bool
    quiet: bool
    as_json: bool

    def refuse(self, kind: str, *options: str) -> None:
        """Refuses options that a kind of run does not have.

        Raises:
            RunError: one of these was given.
        """
        from rayzc.errors import RunError

        for option in options:
            if getattr(self, option.replace("-", "_")):
                raise RunError(f"--{option} has no meaning for a run of `rayzc {kind}`: leave it out")


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    time_limit: TimeLimit = None,
    epochs: Epochs = None,
    evaluations: Evaluations = None,
    plateau: Plateau = None,
    workers: Workers = None,
    address: Address = None,
    export: Export = None,
    details: Details = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run from its newest checkpoint; limits given here take the place of the run's."""
    from rayzc.errors import RunError
    from rayzc.runs import RunFolder

    folder = RunFolder.open(run)
    kind = str(folder.read_config().get("kind", "discover"))
    if kind not in RESUMED:
        raise RunError(
            f"{folder.config} is of a run of the kind '{kind}'; this version of rayzc resumes {', '.join(RESUMED)}"
        )
    given = Given(time_limit, epochs, evaluations, plateau, workers, address, export, details, quiet, as_json)
    RESUMED[kind](run, given)


def _discovery(run: Path, given: Given) -> None:
    from rayzc.cli.displays.discovery import DiscoveryDisplay

    given.refuse("discover", "export", "details")

    from rayzc.cluster import resume

    display = DiscoveryDisplay(given.quiet, given.as_json)
    with display:
        result = resume(
            run,
            limits=limits_of(given.time_limit, given.epochs, given.evaluations, given.plateau),
            workers=given.workers,
            address=given.address,
            listen=display.show,
            warn=display.say,
        )
    display.conclude(result)


def _search(run: Path, given: Given) -> None:
    from rayzc.cli.displays.search import SearchDisplay
    from rayzc.cli.durations import seconds
    from rayzc.cli.exporting import check_folder, export_best

    given.refuse("search", "epochs", "evaluations", "plateau")
    limit = seconds(given.time_limit) if given.time_limit is not None else None
    check_folder(given.export)

    from rayzc.cluster.searches import resume_search

    display = SearchDisplay(given.quiet, given.as_json, given.details)
    with display:
        result = resume_search(
            run, time_limit=limit, workers=given.workers, address=given.address, listen=display.show
        )
    display.conclude(result)
    export_best(result, given.export, display.remark)


def _whole(run: Path, given: Given) -> None:
    from rayzc.cli.displays.pipeline import WholeDisplay
    from rayzc.cli.exporting import check_folder, export_best

    given.refuse("run", "time-limit", "epochs", "evaluations", "plateau")
    check_folder(given.export)

    from rayzc.cluster.pipeline import resume_run

    display = WholeDisplay(given.quiet, given.as_json, given.details)
    with display:
        result = resume_run(
            run,
            workers=given.workers,
            address=given.address,
            listen=display.show,
            found=display.found,
            warn=display.say,
        )
    display.conclude(result)
    if result.searched is not None:
        export_best(result.searched, given.export, display.remark)


RESUMED: Mapping[str, Callable[[Path, Given], None]] = {
    "discover": _discovery,
    "search": _search,
    "run": _whole,
}
"""How a run is gone on with, by the kind that its ``config.json`` tells."""
