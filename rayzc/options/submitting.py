"""The options of `submit` and `jobs`: where jobs are submitted, and what becomes of one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from rayzc.errors import ClusterError, RayzcError
from rayzc.options.flat import option
from rayzc.options.option import Options

__all__ = ["JOBS", "JobServer", "SubmitOptions"]

JOBS: Mapping[str, tuple[str, ...]] = {
    "discover": ("discover",),
    "study": ("study",),
    "search": ("search",),
    "run": ("run",),
    "train": ("train",),
    "fill": ("suite", "fill"),
    "build-suite": ("suite", "build"),
}
"""The commands that can be jobs, and what follows ``rayzc`` on their command lines."""


class JobServer(Options, frozen=True, kw_only=True):
    """The cluster that jobs are submitted to."""

    title: ClassVar[str] = "The cluster"
    error: ClassVar[type[RayzcError]] = ClusterError

    address: Annotated[
        str | None,
        option(
            "Address of the cluster's dashboard: http://HOST:8265.",
            default="RAY_API_SERVER_ADDRESS or RAY_ADDRESS if http, else http://127.0.0.1:8265",
            metavar="URL",
        ),
    ] = None


class SubmitOptions(Options, frozen=True, kw_only=True):
    """What a job is called, what goes to the cluster with it, and what comes back."""

    title: ClassVar[str] = "The job"
    error: ClassVar[type[RayzcError]] = ClusterError

    name: Annotated[
        str | None,
        option(
            "Name of the job. A second submission of a name attaches to the job, resumes it, or fetches its results.",
            default="made of the command and its arguments",
            metavar="NAME",
        ),
    ] = None
    detach: Annotated[bool, option("Submit the job, and do not wait for it.")] = False
    remote_folder: Annotated[
        str | None,
        option(
            "Folder of the job on the cluster. On several nodes, name one that all of them share.",
            default="~/rayzc-runs/NAME on the head",
            metavar="FOLDER",
        ),
    ] = None
    include: Annotated[
        tuple[str, ...],
        option(
            "File or folder of the working folder to upload, besides those in the arguments. Repeat it for more.",
            default="none",
            metavar="PATH",
        ),
    ] = ()
    on_cluster: Annotated[
        tuple[str, ...],
        option(
            "Path in the arguments that is on the cluster, and is not uploaded. Repeat it for more.",
            default="none",
            metavar="PATH",
        ),
    ] = ()
    python: Annotated[
        str,
        option("Python on the cluster, with Ray and the packages that rayzc needs.", metavar="COMMAND"),
    ] = "python"
    install: Annotated[
        bool,
        option("Install the packages that rayzc needs on every node that lacks them."),
    ] = False
    out: Annotated[
        Path | None,
        option(
            "Folder on this machine to copy the results to.",
            panel="The results",
            default="runs/NAME",
            metavar="FOLDER",
        ),
    ] = None
    no_fetch: Annotated[bool, option("Leave the results on the cluster.", panel="The results")] = False
