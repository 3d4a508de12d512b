"""How formulas are bred: every choice that decides what comes out, and nothing else (no worker count, no time)."""

from dataclasses import asdict, dataclass
from typing import Any

from rayzc.errors import RayzcError, RunError, nearest
from rayzc.evolution.correlations import MEASURES
from rayzc.evolution.objectives import OBJECTIVES, Objective
from rayzc.evolution.selection import SELECTIONS
from rayzc.evolution.topology import TOPOLOGIES
from rayzc.formula import Formula
from rayzc.user_code import user_module

__all__ = ["Settings"]

# Under new limits, what an old run has found might be worth nothing when it goes on.
_BEFORE_THERE_WAS_A_CHOICE: dict[str, Any] = {"parsimony": 0.0, "max_ties": 1.0}


@dataclass(frozen=True)
class Settings:
    """The choices of one breeding; the same settings on the same suite give the same hall of fame.

    Attributes:
        seed: where all chance comes from.
        islands: number of subpopulations that evolve apart, each on one worker at a time.
        population: formulas on an island.
        generations: how often an island breeds in one epoch.
        offspring: formulas bred on an island in one generation.
        max_size: most nodes of a formula.
        max_depth: most levels of a formula.
        parsimony: what every node of a formula must add to the objective to be worth its room on an island. The
            best formula lives on all the same.
        max_ties: share of the pairs of any problem that a formula may tie, those aside that no proxy tells apart.
            Tau-b, and the other measures more or less, reward tying what is hard to tell apart, by rounding or
            saturation; but a search needs an order.
        measure: the rank correlation, a name in :data:`rayzc.evolution.MEASURES`.
        objective: what is maximised over the problems: a name in :data:`rayzc.evolution.OBJECTIVES`, a
            ``module:function`` of the correlations ``(problems,)``, or such a function itself.
        selection: how parents are chosen: names in :data:`rayzc.evolution.SELECTIONS`, taken in equal parts.
        crossover: probability that an offspring has two parents.
        constants: probability that an offspring is its parent with a constant moved.
        polish: formulas per generation whose constants are improved by local search.
        topology: where emigrants go, a name in :data:`rayzc.evolution.TOPOLOGIES`.
        migration_interval: epochs from one migration to the next; 0 for none.
        migration_rate: share of the population that emigrates, the best first.
        seeds: texts of formulas to start from, beside the bare proxies.
    """

    seed: int = 0
    islands: int = 16
    population: int = 100
    generations: int = 5
    offspring: int = 200
    max_size: int = 80
    max_depth: int = 20
    parsimony: float = 0.0002
    max_ties: float = 0.025
    measure: str = "kendall"
    objective: str | Objective = "mean"
    selection: tuple[str, ...] = ("tournament", "lexicase")
    crossover: float = 0.35
    constants: float = 0.15
    polish: int = 2
    topology: str = "ring"
    migration_interval: int = 4
    migration_rate: float = 0.05
    seeds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses what makes no sense.

        Raises:
            RunError: an unknown name, a number out of its range, a seed beyond the limits of size and depth, or an
                objective that a resumed run could not find again.
            FormulaError: a seed that does not parse.
        """
        for what, name, known in (
            ("measure", self.measure, MEASURES),
            ("topology", self.topology, TOPOLOGIES),
            *(("selection", name, SELECTIONS) for name in self.selection),
        ):
            if name not in known:
                raise RunError(f"unknown {what} '{name}'; {nearest(name, list(known))}")
        if isinstance(self.objective, str) and ":" not in self.objective and self.objective not in OBJECTIVES:
            raise RunError(
                f"unknown objective '{self.objective}'; {nearest(self.objective, list(OBJECTIVES))}"
            )
        if not isinstance(self.objective, str) and not hasattr(self.objective, "__qualname__"):
            raise RunError(
                f"objective {self.objective!r} is no function with a name, by which a resumed run could find it; "
                "give a function of a module"
            )
        for name, low, high in (
            ("seed", 0, 2**63 - 1),
            ("islands", 1, 10_000),
            ("population", 4, 100_000),
            ("generations", 1, 10_000),
            ("offspring", 1, 1_000_000),
            ("max_size", 1, 200),
            ("max_depth", 1, 60),
            ("parsimony", 0, 1),
            ("max_ties", 0, 1),
            ("crossover", 0, 1),
            ("constants", 0, 1),
            ("polish", 0, 1_000),
            ("migration_interval", 0, 1_000_000),
            ("migration_rate", 0, 1),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise RunError(f"{name} is {value}; it must lie between {low} and {high}")
        if not self.selection:
            raise RunError("no selection is named; known: " + ", ".join(SELECTIONS))
        for text in self.seeds:
            self._check_seed(Formula.parse(text))

    def objective_function(self) -> Objective:
        """The objective itself.

        Raises:
            RunError: a ``module:function`` that cannot be imported, or is no function.
        """
        if not isinstance(self.objective, str):
            return self.objective
        if self.objective in OBJECTIVES:
            return OBJECTIVES[self.objective]
        module, _, function = self.objective.partition(":")
        if not module:
            raise RunError(f"objective '{self.objective}' names no module; say module:function")
        found: Objective | None = getattr(user_module(module, RunError), function, None)
        if found is None:
            raise RunError(f"objective '{self.objective}': module {module} has no '{function}'")
        if not callable(found):
            raise RunError(f"objective '{self.objective}' is no function of the correlations")
        return found

    def _check_seed(self, formula: Formula) -> None:
        for number, unit, limit in (
            (formula.size, "nodes", "max_size"),
            (formula.depth, "levels", "max_depth"),
        ):
            if number > getattr(self, limit):
                raise RunError(
                    f"the starting formula {formula} has {number} {unit}; {limit} is {getattr(self, limit)}"
                )
        if not formula.proxies:
            raise RunError(f"the starting formula {formula} has no proxy in it")

    def to_json(self) -> dict[str, Any]:
        """The settings as a JSON object."""
        document = asdict(self)
        if not isinstance(self.objective, str):
            document["objective"] = f"{self.objective.__module__}:{self.objective.__qualname__}"
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Settings":
        """The settings of :meth:`to_json`; those of a run from before there was a choice are what it was bred by.

        Raises:
            RunError: settings that this version does not know.
        """
        values: dict[str, Any] = _BEFORE_THERE_WAS_A_CHOICE | {
            key: tuple(value) if isinstance(value, list) else value for key, value in document.items()
        }
        try:
            return cls(**values)
        except TypeError as error:
            raise RunError(f"settings that this version of rayzc does not know: {error}") from None
        except RayzcError as error:
            raise RunError(f"settings that cannot be used: {error}") from None
