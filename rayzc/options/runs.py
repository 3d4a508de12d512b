"""The options of `discover`, `search` and `run`, each defined once.

The classes nest: :class:`RunOptions` has the options of a discovery and, nested in them, those of the searches
(:class:`SearchOptions`). These contain the plan of each search (:class:`PlanOptions`) and how networks are measured
(:class:`Setup`). How formulas are bred is in :class:`Settings`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from rayzc.errors import ClusterError, RayzcError, SearchError
from rayzc.options.breeding import Limits, Settings
from rayzc.options.flat import group, option
from rayzc.options.measuring import Setup
from rayzc.options.option import Options
from rayzc.options.searching import PlanOptions
from rayzc.options.shared import PROBLEMS, ProblemsOption

__all__ = [
    "CANDIDATES",
    "CHOOSE",
    "DEFAULT_SECONDS",
    "LOGGERS",
    "BreedOptions",
    "Cluster",
    "DiscoverOptions",
    "Place",
    "RunOptions",
    "SearchOptions",
]

CANDIDATES = ("table", "space")
"""Where a search moves: among the rows of its problem's table, or in the whole search space."""

LOGGERS = ("csv", "json", "tensorboard", "mlflow", "wandb")
"""Names of Tune's loggers; a test compares them with the registry."""

DEFAULT_SECONDS = 180.0
"""The time limit of a discovery that has no other limit."""

RUN_SECONDS, QUICK_SECONDS = 300.0, 95.0
"""The time limit of a run that has no other limit, and of a quick one; starting and ending come on top."""

CHOOSE = ("transfer", "fitted")
"""How the formula that is handed out is chosen."""

CROSS_VALIDATE, CROSS_VALIDATE_SECONDS = 0.4, 300.0
"""The share of cross-validation by default, and the time limit of a discovery from which on it is the default."""

_CROSS_VALIDATE = (
    "Share of the formulas that are bred without one search space at a time, side by side with the others, and judged "
    "on it: it says how far formulas of each size hold on a search space that they have not seen. 0 for none."
)

_VALIDATION = "How the formula is judged and chosen"

_DEFAULT = f"{DEFAULT_SECONDS / 60:g}m"

_HOLDOUT = "Share of the networks to hold out for validation, such as 0.25; 0 for none."

_LEAVE_OUT = "Problems, search spaces or tasks to leave out."


class Cluster(Options, frozen=True, kw_only=True):
    """Where a run computes."""

    title: ClassVar[str] = "Where to run"

    error: ClassVar[type[RayzcError]] = ClusterError

    workers: Annotated[
        int | None, option("Number of workers.", low=1, default="one per CPU of the cluster")
    ] = None
    address: Annotated[
        str | None,
        option(
            "Address of a Ray cluster: HOST:6379, or auto for a cluster that runs on this machine.",
            default="RAY_ADDRESS if set, else Ray is started on this machine",
            metavar="HOST:PORT",
        ),
    ] = None


class Place(Options, frozen=True, kw_only=True):
    """The folder of a run."""

    title: ClassVar[str] = "Where to keep the run"

    out: Annotated[
        str | None,
        option(
            "Folder of the run; for discoveries also s3://... or gs://...",
            default="a new folder in runs/",
            metavar="FOLDER",
        ),
    ] = None
    force: Annotated[bool, option("Overwrite a run that the folder holds already.")] = False


class BreedOptions(Options, frozen=True, kw_only=True):
    """What formulas are bred on, how, and for how long."""

    title: ClassVar[str] = "Problems and proxies"
    earlier: ClassVar[Mapping[str, Any]] = {"leave_out": ()}

    problems: ProblemsOption = ()
    leave_out: Annotated[tuple[str, ...], option(_LEAVE_OUT, default="none", commas=True)] = ()
    proxies: Annotated[
        tuple[str, ...] | None,
        option(
            "Proxies that formulas may use.",
            default="those that all problems have",
            metavar="A,B",
            commas=True,
        ),
    ] = None
    holdout: Annotated[
        float | None,
        option(_HOLDOUT, low=0, high=1, default="none"),
    ] = None
    settings: Annotated[Settings, group("How formulas are bred", {"seeds": "start"})] = Settings()
    limits: Annotated[
        Limits, group("When to stop", defaults={"time_limit": f"{_DEFAULT} if no limit is given"})
    ] = Limits()


class DiscoverOptions(BreedOptions, frozen=True, kw_only=True):
    """The options of a discovery."""

    # A discovery of an earlier version was not cross-validated.
    earlier: ClassVar[Mapping[str, Any]] = {
        **BreedOptions.earlier,
        "cross_validate": 0.0,
        "choose": "transfer",
    }

    cross_validate: Annotated[
        float | None,
        option(
            _CROSS_VALIDATE,
            low=0,
            high=0.9,
            default=f"{CROSS_VALIDATE:g} with a time limit of {CROSS_VALIDATE_SECONDS / 60:g}m or more, else 0",
            panel=_VALIDATION,
        ),
    ] = None
    choose: Annotated[
        str,
        option(
            "How to choose the formula that is handed out: the size at which formulas stop to gain on search spaces "
            "left out (transfer), or the best on what it was bred on (fitted). Without --cross-validate, fitted.",
            choices=CHOOSE,
            panel=_VALIDATION,
        ),
    ] = "transfer"

    def share_for(self, limits: Limits) -> float:
        """The share of the formulas that are bred for cross-validation, under these limits."""
        if self.cross_validate is not None:
            return self.cross_validate
        return CROSS_VALIDATE if (limits.time_limit or 0.0) >= CROSS_VALIDATE_SECONDS else 0.0


class SearchOptions(Options, frozen=True, kw_only=True):
    """The options of a run of searches."""

    title: ClassVar[str] = "What to search"
    earlier: ClassVar[Mapping[str, Any]] = {"leave_out": ()}

    error: ClassVar[type[RayzcError]] = SearchError

    problems: Annotated[
        tuple[str, ...],
        option(
            f"{PROBLEMS} With --suite none: problems to measure, such as nasbench201/cifar10.",
            default="all problems of the suite",
            commas=True,
        ),
    ] = ()
    leave_out: Annotated[tuple[str, ...], option(_LEAVE_OUT, default="none", commas=True)] = ()
    candidates: Annotated[
        str | None,
        option(
            "Architectures to choose from: those in the suite's table, or the whole search space (missing scores "
            "are measured);",
            choices=CANDIDATES,
            default="table with a suite, space without one",
        ),
    ] = None
    plan: Annotated[PlanOptions, group("How to search")] = PlanOptions()
    seeds: Annotated[int, option("Number of searches for each problem, each with its own seed.", low=1)] = 3
    setup: Annotated[
        Setup, group("How networks are measured", {"time_limit": "network_time_limit", "batch": "batch_size"})
    ] = Setup()
    time_limit: Annotated[
        float | None,
        option(
            "Stop all searches after this running time, such as 90s, 3m or 1h30m, and report what they have found.",
            panel="When to stop",
            above=0,
            duration=True,
            default="none",
            metavar="TIME",
        ),
    ] = None
    storage: Annotated[
        str | None,
        option(
            "Where to store the checkpoints of the searches: a path, s3://... or gs://...",
            default="the folder of the run",
            metavar="URI",
        ),
    ] = None
    loggers: Annotated[
        tuple[str, ...],
        option(
            "Loggers of Ray Tune to use.",
            choices=LOGGERS,
            default="none",
            metavar="A,B",
            flag="log",
            commas=True,
        ),
    ] = ()


class RunOptions(DiscoverOptions, frozen=True, kw_only=True):
    """The options of a run: a discovery, searches with its formula, and the training of what they found."""

    earlier: ClassVar[Mapping[str, Any]] = {
        "holdout": None,
        "cross_validate": 0.0,
        "choose": "transfer",
        "quick": False,
        "no_train": True,
        "finalists": 1,
    }

    holdout: Annotated[
        float | None,
        option(_HOLDOUT, low=0, high=1),
    ] = 0.25
    cross_validate: Annotated[float | None, option(_CROSS_VALIDATE, low=0, high=0.9, panel=_VALIDATION)] = (
        CROSS_VALIDATE
    )
    limits: Annotated[
        Limits,
        group(
            "When the discovery stops",
            {"time_limit": "discovery_time_limit"},
            defaults={"discovery_time_limit": f"its share of --time-limit, at most {_DEFAULT}"},
        ),
    ] = Limits()
    time_limit: Annotated[
        float | None,
        option(
            "Stop after about this running time, such as 10m or 1h. Breeding takes two fifths of it, with --quick a "
            "quarter.",
            panel="When to stop",
            above=0,
            duration=True,
            default=f"{RUN_SECONDS / 60:g}m, none if another limit is given",
            metavar="TIME",
        ),
    ] = None
    quick: Annotated[
        bool,
        option("Take 95 s if no limit is given, and train each network only once.", panel="When to stop"),
    ] = False
    no_train: Annotated[bool, option("Do not train what the searches found.", panel="The trainings")] = False
    finalists: Annotated[
        int,
        option(
            "Number of networks to train for each problem: the best of the shortlist, as many that the best single "
            "proxy chooses, and as many random ones.",
            low=1,
            panel="The trainings",
        ),
    ] = 1
    search: Annotated[
        SearchOptions,
        group(
            "The searches",
            # Left out, as the run has its own: problems, seed and time limit apply to all stages.
            {
                "problems": None,
                "leave_out": None,
                "seed": None,
                "time_limit": None,
                "storage": None,
                "loggers": None,
            },
            defaults={"candidates": "space with a suite that has a benchmark, else table"},
        ),
    ] = SearchOptions(seeds=1)
