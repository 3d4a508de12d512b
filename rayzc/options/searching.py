"""What a search is asked to do."""

from typing import Annotated, ClassVar

from rayzc.errors import RayzcError, SearchError
from rayzc.options.flat import option
from rayzc.options.option import Options

__all__ = ["ALGORITHMS", "AlgorithmSettings", "PlanOptions"]

ALGORITHMS = ("regularized_evolution", "genetic", "local_search", "random")
"""Names of the algorithms; a test compares them with the registry."""


class AlgorithmSettings(Options, frozen=True, kw_only=True):
    """Choices of the algorithms; each uses those that concern it.

    In Python alone, as a whole: ``rayzc.search(..., plan=PlanOptions(settings=AlgorithmSettings(population=20)))``.
    """

    error: ClassVar[type[RayzcError]] = SearchError

    population: Annotated[
        int,
        option(
            "Architectures alive in regularized evolution; the first ones are drawn at random.",
            low=1,
        ),
    ] = 50
    tournament: Annotated[
        int,
        option("Architectures that compete to become a parent in regularized evolution.", low=1),
    ] = 10
    generation: Annotated[
        int,
        option("Children in a generation of the genetic algorithm, and parents of the next.", low=1),
    ] = 20
    crossover: Annotated[
        float,
        option("Probability that a child of the genetic algorithm has two parents.", low=0, high=1),
    ] = 0.5
    starts: Annotated[
        int, option("Random architectures from the best of which local search starts.", low=1)
    ] = 10


class PlanOptions(Options, frozen=True, kw_only=True):
    """What a search is asked to do, as texts; :class:`rayzc.nas.Plan` parses them."""

    error: ClassVar[type[RayzcError]] = SearchError

    formula: Annotated[str, option("The score to be maximised.", hidden=True)] = ""
    algorithm: Annotated[str, option("How architectures are chosen.", choices=ALGORITHMS)] = (
        "regularized_evolution"
    )
    budget: Annotated[int, option("Distinct architectures that a search evaluates.", low=1)] = 300
    seed: Annotated[
        int, option("Seed of the first search of a problem; the others have the seeds that follow.", low=0)
    ] = 0
    batch: Annotated[
        int,
        option(
            "Architectures that a search proposes at a time.", low=1, flag="proposals", aliases=("batch",)
        ),
    ] = 10
    constraints: Annotated[
        tuple[str, ...],
        option(
            "Condition that architectures have to meet: 'params < 1.5', 'log(flops) <= 4'; may be repeated.",
            flag="constraint",
            metavar="COMPARISON",
        ),
    ] = ()
    minimise: Annotated[
        tuple[str, ...],
        option(
            "Further objective, such as flops: the result then has a Pareto front; may be repeated.",
            metavar="FORMULA",
        ),
    ] = ()
    settings: AlgorithmSettings = AlgorithmSettings()
