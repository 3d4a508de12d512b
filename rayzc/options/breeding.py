"""How formulas are bred, when breeding stops, and what a formula is scored on."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from rayzc.errors import RunError, nearest
from rayzc.options.flat import option
from rayzc.options.option import Options
from rayzc.options.shared import ProblemsOption

__all__ = ["CORRELATIONS", "OBJECTIVES", "SELECTIONS", "TOPOLOGIES", "Limits", "ScoreOptions", "Settings"]

# The names alone: what they stand for needs numpy, which help does without. Tests compare them with the registries.
CORRELATIONS = ("kendall", "spearman", "weighted_kendall")
OBJECTIVES = ("mean", "min", "mean-std", "cvar")
SELECTIONS = ("tournament", "lexicase")
TOPOLOGIES = ("ring", "torus", "star", "random")


class Settings(Options, frozen=True, kw_only=True):
    """The choices of one breeding; the same settings on the same suite give the same hall of fame.

    Raises:
        RunError: an unknown name, a number out of its range, or an objective that a resumed run could not find again.
    """

    # Under new limits, what an old run has found might be worth nothing when it goes on.
    earlier: ClassVar[Mapping[str, Any]] = {"parsimony": 0.0, "max_ties": 1.0}

    seed: Annotated[
        int, option("Seed of all randomness: the same seed gives the same formulas.", low=0, high=2**63 - 1)
    ] = 0
    islands: Annotated[
        int, option("Subpopulations that evolve apart, each on one worker at a time.", low=1, high=10_000)
    ] = 16
    population: Annotated[int, option("Formulas on an island.", low=4, high=100_000)] = 100
    generations: Annotated[int, option("Generations in an epoch.", low=1, high=10_000, hidden=True)] = 5
    offspring: Annotated[
        int, option("Formulas bred on an island in one generation.", low=1, high=1_000_000, hidden=True)
    ] = 200
    max_size: Annotated[int, option("Most nodes of a formula.", low=1, high=200)] = 80
    max_depth: Annotated[int, option("Most levels of a formula.", low=1, high=60, hidden=True)] = 20
    parsimony: Annotated[
        float,
        option(
            "Least gain in the objective for which a formula may have one more node. The best formula survives anyway.",
            low=0,
            high=1,
        ),
    ] = 0.0002
    max_ties: Annotated[
        float,
        option(
            "Largest share of a problem's pairs that a formula may tie, not counting pairs that no proxy tells apart. "
            "Tau-b rewards ties, but a search needs an order.",
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
            f"What is maximised over the problems: {', '.join(OBJECTIVES)}, or module:function, a function of the "
            "correlations (problems,).",
            metavar="NAME",
        ),
    ] = "mean"
    selection: Annotated[
        tuple[str, ...],
        option(
            "How parents are selected, with several names in equal parts.",
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
            "Probability that an offspring is its parent with one constant moved.", low=0, high=1, hidden=True
        ),
    ] = 0.15
    polish: Annotated[
        int,
        option(
            "Formulas per generation whose constants a local search improves.", low=0, high=1_000, hidden=True
        ),
    ] = 2
    topology: Annotated[str, option("Islands that an island sends its emigrants to.", choices=TOPOLOGIES)] = (
        "ring"
    )
    migration_interval: Annotated[
        int, option("Epochs from one migration to the next; 0 for no migration.", low=0, high=1_000_000)
    ] = 4
    migration_rate: Annotated[
        float, option("Share of the population that emigrates, the best first.", low=0, high=1)
    ] = 0.05
    seeds: Annotated[
        tuple[str, ...],
        option(
            "Formula to start from, beside the bare proxies; may be repeated.",
            flag="start",
            metavar="FORMULA",
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Checks ranges and names."""
        super().__post_init__()
        objective = self.objective
        if isinstance(objective, str):
            if ":" not in objective and objective not in OBJECTIVES:
                raise RunError(f"unknown objective '{objective}'; {nearest(objective, OBJECTIVES)}")
        elif not callable(objective) or not hasattr(objective, "__qualname__"):
            raise RunError(
                f"objective {objective!r} is not a function with a name, by which a resumed run could find it; "
                "give a function of a module"
            )
        if not self.selection:
            raise RunError("no selection is named; known: " + ", ".join(SELECTIONS))


class Limits(Options, frozen=True, kw_only=True):
    """When a discovery stops, at whichever limit comes first. All but the time count alike on any machine."""

    title: ClassVar[str] = "When to stop"

    time_limit: Annotated[
        float | None,
        option(
            "Stop after this time, the time before a resume included: 90s, 3m, 1h30m.",
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
            "Stop when this many formulas were bred; the epoch that has begun is finished on all islands.",
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
    bootstrap: Annotated[int, option("Bootstrap samples for the intervals; 0 for no intervals.", low=0)] = (
        1000
    )
    seed: Annotated[int, option("Seed of the bootstrap.", low=0)] = 0
