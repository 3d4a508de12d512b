"""How formulas are bred, when breeding stops, and what a formula is scored on."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from rayzc.errors import RunError, nearest
from rayzc.options.flat import option
from rayzc.options.option import Options
from rayzc.options.shared import ProblemsOption

__all__ = [
    "CORRELATIONS",
    "ISLANDS",
    "OBJECTIVES",
    "SELECTIONS",
    "TOPOLOGIES",
    "TOP_OBJECTIVES",
    "Limits",
    "ScoreOptions",
    "Settings",
]

# Only the names: the functions need numpy, which --help does without. Tests compare them with the registries.
CORRELATIONS = ("kendall", "spearman", "weighted_kendall")
TOP_OBJECTIVES = ("top", "mean+top")
OBJECTIVES = ("mean", "min", "mean-std", "cvar", *TOP_OBJECTIVES)
SELECTIONS = ("tournament", "lexicase")
TOPOLOGIES = ("ring", "torus", "star", "random")


ISLANDS = 16
"""The number of islands by default: the same on every machine, as one seed gives the same formulas everywhere."""


class Settings(Options, frozen=True, kw_only=True):
    """How formulas are bred: the same settings on the same suite give the same hall of fame.

    Raises:
        RunError: an unknown name, a number out of its range, or an objective that a resumed run could not find again.
    """

    # A resumed run of an earlier version keeps its limits: new ones might make its best formulas worthless.
    earlier: ClassVar[Mapping[str, Any]] = {"parsimony": 0.0, "max_ties": 1.0}

    seed: Annotated[
        int,
        option("Seed of all random numbers: the same seed gives the same formulas.", low=0, high=2**63 - 1),
    ] = 0
    islands: Annotated[
        int | Literal["auto"],
        option(
            "Number of subpopulations, which evolve independently, each on one worker at a time; auto for two per "
            f"worker, and at least {ISLANDS}. Another number gives other formulas.",
            low=1,
            high=10_000,
            metavar="N",
        ),
    ] = ISLANDS
    population: Annotated[int, option("Number of formulas on each island.", low=4, high=100_000)] = 100
    generations: Annotated[
        int, option("Number of generations per epoch.", low=1, high=10_000, hidden=True)
    ] = 5
    offspring: Annotated[
        int,
        option("Number of formulas bred per generation on each island.", low=1, high=1_000_000, hidden=True),
    ] = 200
    max_size: Annotated[int, option("Maximum number of nodes of a formula.", low=1, high=200)] = 80
    max_depth: Annotated[
        int, option("Maximum number of levels of a formula.", low=1, high=60, hidden=True)
    ] = 20
    parsimony: Annotated[
        float,
        option(
            "Gain in the objective that each added node of a formula must bring. The best formula always survives.",
            low=0,
            high=1,
        ),
    ] = 0.0002
    max_ties: Annotated[
        float,
        option(
            "Largest share of a problem's pairs of architectures that a formula may tie, not counting pairs that all "
            "proxies tie. Tau-b rewards ties, but a search needs an order.",
            low=0,
            high=1,
        ),
    ] = 0.025
    correlation: Annotated[
        str,
        option("Rank correlation with the true accuracy.", choices=CORRELATIONS, aliases=("measure",)),
    ] = msgspec.field(name="measure", default="kendall")
    objective: Annotated[
        Any,
        option(
            f"Objective to maximise over the problems: {', '.join(OBJECTIVES)}, or your own as module:function, which "
            "takes the array of correlations, one for each problem.",
            metavar="NAME",
        ),
    ] = "mean"
    selection: Annotated[
        tuple[str, ...],
        option(
            "Methods of parent selection, each used equally often.",
            choices=SELECTIONS,
            commas=True,
        ),
    ] = ("tournament", "lexicase")
    crossover: Annotated[
        float, option("Probability that an offspring has two parents.", low=0, high=1, hidden=True)
    ] = 0.35
    constants: Annotated[
        float,
        option(
            "Probability that an offspring is its parent with one constant changed.",
            low=0,
            high=1,
            hidden=True,
        ),
    ] = 0.15
    polish: Annotated[
        int,
        option(
            "Number of formulas per generation whose constants a local search improves.",
            low=0,
            high=1_000,
            hidden=True,
        ),
    ] = 2
    topology: Annotated[str, option("Migration topology of the islands.", choices=TOPOLOGIES)] = "ring"
    migration_interval: Annotated[
        int, option("Number of epochs between migrations; 0 for no migration.", low=0, high=1_000_000)
    ] = 4
    migration_rate: Annotated[
        float, option("Share of the population that emigrates, best formulas first.", low=0, high=1)
    ] = 0.05
    seeds: Annotated[
        tuple[str, ...],
        option(
            "Formula to add to the initial population; may be repeated.",
            flag="start",
            metavar="FORMULA",
        ),
    ] = ()

    @property
    def number_of_islands(self) -> int:
        """The number of islands, once a run has set it where it was to be found out.

        Raises:
            RunError: it is still ``auto``.
        """
        if self.islands == "auto":
            raise RunError("the number of islands is 'auto': only runs find it out, so give a number here")
        return self.islands

    def for_workers(self, workers: int) -> "Settings":
        """The same settings, with a number of islands that keeps so many workers busy where it was ``auto``.

        With one island per worker, workers would wait for the driver, and for their neighbours' emigrants.
        """
        if self.islands != "auto":
            return self
        most = 10_000
        return self.replaced(islands=min(most, max(ISLANDS, 2 * workers)))

    def __post_init__(self) -> None:
        """Checks ranges and names."""
        super().__post_init__()
        objective = self.objective
        if isinstance(objective, str):
            if ":" not in objective and objective not in OBJECTIVES:
                raise RunError(f"unknown objective '{objective}'; {nearest(objective, OBJECTIVES)}")
        elif not callable(objective) or not hasattr(objective, "__qualname__"):
            raise RunError(
                f"objective {objective!r} is not a named function, so a resumed run could not find it; "
                "give a function that a module defines"
            )
        if not self.selection:
            raise RunError("no selection is named; known: " + ", ".join(SELECTIONS))


class Limits(Options, frozen=True, kw_only=True):
    """When a discovery stops: at the first limit that it reaches. All but the time limit are machine-independent."""

    title: ClassVar[str] = "When to stop"

    time_limit: Annotated[
        float | None,
        option(
            "Stop after this running time, such as 90s, 3m or 1h30m. Time before a resume counts.",
            above=0,
            duration=True,
            metavar="TIME",
        ),
    ] = None
    epochs: Annotated[
        int | None, option("Stop when every island has evolved for this many epochs.", low=1)
    ] = None
    evaluations: Annotated[
        int | None,
        option(
            "Stop when this many formulas have been bred; all islands finish the current epoch.",
            low=1,
        ),
    ] = None
    plateau: Annotated[
        int | None, option("Stop when the best formula has not improved for this many epochs.", low=1)
    ] = None

    def or_else(self, other: "Limits") -> "Limits":
        """These limits, or the other's if none is set."""
        return other if self == Limits() else self


class ScoreOptions(Options, frozen=True, kw_only=True):
    """What a formula is assessed on."""

    problems: ProblemsOption = ()
    bootstrap: Annotated[
        int, option("Number of bootstrap samples for the confidence intervals; 0 for none.", low=0)
    ] = 1000
    seed: Annotated[int, option("Seed of the bootstrap.", low=0)] = 0
