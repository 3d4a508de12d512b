"""The options of a search."""

from typing import Annotated, ClassVar

from rayzc.errors import RayzcError, SearchError
from rayzc.options.flat import option
from rayzc.options.option import Options

__all__ = ["ALGORITHMS", "AlgorithmSettings", "PlanOptions"]

ALGORITHMS = ("regularized_evolution", "genetic", "local_search", "random")
"""Names of the algorithms; a test compares them with the registry."""


class AlgorithmSettings(Options, frozen=True, kw_only=True):
    """Settings of the search algorithms; each algorithm uses its own.

    In Python alone, as a whole: ``rayzc.search(..., plan=PlanOptions(settings=AlgorithmSettings(population=20)))``.
    """

    error: ClassVar[type[RayzcError]] = SearchError

    population: Annotated[
        int,
        option(
            "Population size of regularized evolution; the initial population is random.",
            low=1,
        ),
    ] = 50
    tournament: Annotated[
        int,
        option("Tournament size of regularized evolution.", low=1),
    ] = 10
    generation: Annotated[
        int,
        option("Population size of the genetic algorithm.", low=1),
    ] = 20
    crossover: Annotated[
        float,
        option("Probability that a child of the genetic algorithm has two parents.", low=0, high=1),
    ] = 0.5
    starts: Annotated[
        int, option("Number of random architectures, of which local search starts from the best.", low=1)
    ] = 10


class PlanOptions(Options, frozen=True, kw_only=True):
    """The plan of a search, with formulas as text; :class:`rayzc.nas.Plan` parses them."""

    error: ClassVar[type[RayzcError]] = SearchError

    formula: Annotated[str, option("Formula to maximise.", hidden=True)] = ""
    algorithm: Annotated[str, option("Search algorithm.", choices=ALGORITHMS)] = "regularized_evolution"
    budget: Annotated[
        int, option("Maximum number of distinct architectures that each search evaluates.", low=1)
    ] = 300
    seed: Annotated[
        int,
        option(
            "Seed of the first search of each problem; the other searches use the seeds that follow.", low=0
        ),
    ] = 0
    batch: Annotated[
        int,
        option(
            "Number of architectures that a search proposes at a time.",
            low=1,
            flag="proposals",
            aliases=("batch",),
        ),
    ] = 10
    constraints: Annotated[
        tuple[str, ...],
        option(
            "Condition that architectures must meet, such as 'params < 1.5' or 'log(flops) <= 4'; may be repeated.",
            flag="constraint",
            metavar="COMPARISON",
        ),
    ] = ()
    minimise: Annotated[
        tuple[str, ...],
        option(
            "Formula to minimise as a further objective, such as flops, for a Pareto front; may be repeated.",
            metavar="FORMULA",
        ),
    ] = ()
    settings: AlgorithmSettings = AlgorithmSettings()
