"""``rayzc resume``: continue a run of any kind."""

from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from rayzc.cli.options import SearchOutput, takes_options
from rayzc.errors import RunError
from rayzc.options import Cluster, Limits

__all__ = ["RESUMED", "resume"]


@takes_options(limits=Limits, cluster=Cluster, output=SearchOutput)
def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of the run, or its s3://... or gs://...")],
    limits: Limits,
    cluster: Cluster,
    output: SearchOutput,
    code: Annotated[
        list[str] | None,
        typer.Option(
            "--code",
            metavar="MODULE",
            help="Import this module of yours, which the run names, even if it changed or is in the run's folder.",
        ),
    ] = None,
) -> None:
    """Continue a run from its newest checkpoint. Limits given here replace those of the run."""
    from rayzc.runs import RunFolder

    folder = RunFolder.open(run)
    kind = str(folder.read_config().get("kind", "discover"))
    if kind not in RESUMED:
        raise RunError(
            f"{folder.config} is the configuration of a '{kind}' run; this version of rayzc resumes "
            f"{', '.join(RESUMED)}"
        )
    RESUMED[kind](run, limits, cluster, output, tuple(code or ()))


def _discovery(
    run: str, limits: Limits, cluster: Cluster, output: SearchOutput, code: tuple[str, ...]
) -> None:
    from rayzc.cli.displays.discovery import DiscoveryDisplay

    _refuse("discover", export=output.export, details=output.details)

    from rayzc.cluster import resume

    display = DiscoveryDisplay(output)
    with display:
        result = resume(run, limits=limits, cluster=cluster, listen=display.show, warn=display.say, code=code)
    display.conclude(result)


def _search(run: str, limits: Limits, cluster: Cluster, output: SearchOutput, code: tuple[str, ...]) -> None:
    from rayzc.cli.displays.search import SearchDisplay
    from rayzc.cli.exporting import check_folder, export_best

    _refuse("search", epochs=limits.epochs, evaluations=limits.evaluations, plateau=limits.plateau)
    check_folder(output.export)

    from rayzc.cluster.searches import resume_search

    display = SearchDisplay(output)
    with display:
        result = resume_search(
            run, time_limit=limits.time_limit, cluster=cluster, listen=display.show, code=code
        )
    display.conclude(result)
    export_best(result, output.export, display.remark)


def _pipeline(
    run: str, limits: Limits, cluster: Cluster, output: SearchOutput, code: tuple[str, ...]
) -> None:
    from rayzc.cli.displays.pipeline import PipelineDisplay
    from rayzc.cli.exporting import check_folder, export_best

    _refuse("run", epochs=limits.epochs, evaluations=limits.evaluations, plateau=limits.plateau)
    check_folder(output.export)

    from rayzc.cluster.pipeline import resume_run

    display = PipelineDisplay(output)
    with display:
        result = resume_run(
            run,
            time_limit=limits.time_limit,
            cluster=cluster,
            listen=display.show,
            found=display.found,
            warn=display.say,
            code=code,
        )
    display.conclude(result)
    if result.searched is not None:
        export_best(result.searched, output.export, display.remark)


def _training(
    run: str, limits: Limits, cluster: Cluster, output: SearchOutput, code: tuple[str, ...]
) -> None:
    from rayzc.cli.displays.training import TrainDisplay

    _refuse(
        "train",
        epochs=limits.epochs,
        evaluations=limits.evaluations,
        plateau=limits.plateau,
        export=output.export,
        details=output.details,
    )

    from rayzc.cluster.training import resume_train

    display = TrainDisplay(output)
    with display:
        result = resume_train(
            run, time_limit=limits.time_limit, cluster=cluster, listen=display.show, code=code
        )
    display.conclude(result)


def _study(run: str, limits: Limits, cluster: Cluster, output: SearchOutput, code: tuple[str, ...]) -> None:
    from rayzc.cli.displays.study import StudyDisplay

    _refuse("study", export=output.export, details=output.details)

    from rayzc.cluster.studies import resume_study

    display = StudyDisplay(output)
    with display:
        result = resume_study(
            run, limits=limits, cluster=cluster, listen=display.show, warn=display.say, code=code
        )
    display.conclude(result)


def _refuse(kind: str, **given: object) -> None:
    """Rejects options that a kind of run does not have.

    Raises:
        RunError: one of them was given.
    """
    for name, value in given.items():
        if value:
            raise RunError(f"--{name} does not apply to a run of `rayzc {kind}`: leave it out")


RESUMED: Mapping[str, Callable[[str, Limits, Cluster, SearchOutput, tuple[str, ...]], None]] = {
    "discover": _discovery,
    "search": _search,
    "run": _pipeline,
    "train": _training,
    "study": _study,
}
"""How a run is resumed, by the kind in its ``config.json``."""
