"""What a search is asked to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rayzc.errors import FormulaError, SearchError
from rayzc.formula import Formula, ranking_values
from rayzc.nas.algorithms import AlgorithmSettings, algorithm_named
from rayzc.nas.constraints import Constraint, parse_constraint
from rayzc.options.searching import PlanOptions

__all__ = ["Plan", "PlanOptions", "parse_plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One search: under which formula, how, for how long.

    Attributes:
        formula: the score to be maximised. An architecture for which it is not finite ranks last.
        algorithm: name of the algorithm, one of :data:`~rayzc.nas.algorithms.ALGORITHMS`.
        budget: how many distinct architectures may be evaluated.
        seed: all randomness comes from it.
        batch: how many architectures are asked for at a time.
        constraints: what every parent and result has to meet.
        minimise: further objectives, each to be minimised: ``params``, ``flops`` or any formula. Then survival goes
            by Pareto fronts, and the result has a front beside the shortlist.
        settings: of the algorithm.

    Raises:
        SearchError: a number that is not possible, an unknown algorithm, or a formula without a proxy.
    """

    formula: Formula
    algorithm: str = "regularized_evolution"
    budget: int = 300
    seed: int = 0
    batch: int = 10
    constraints: tuple[Constraint, ...] = ()
    minimise: tuple[Formula, ...] = ()
    settings: AlgorithmSettings = field(default_factory=AlgorithmSettings)

    def __post_init__(self) -> None:
        algorithm_named(self.algorithm)
        if self.budget < 1:
            raise SearchError(f"a budget of {self.budget} architectures finds nothing: give at least 1")
        if self.batch < 1:
            raise SearchError(f"a batch of {self.batch} architectures never ends: give at least 1")
        if self.seed < 0:
            raise SearchError(f"the seed is {self.seed}; give 0 or more")
        for what in (self.formula, *self.minimise):
            if not what.proxies:
                raise SearchError(f"'{what}' has no proxy in it: it gives every architecture the same score")

    @property
    def proxies(self) -> tuple[str, ...]:
        """Names of all proxies it needs, each once, sorted."""
        return tuple(sorted({proxy for _, proxies in self.needs for proxy in proxies}))

    @property
    def needs(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Who needs which proxies, for messages."""
        return (
            ("the formula", self.formula.proxies),
            *((f"the objective '{one}'", one.proxies) for one in self.minimise),
            *((f"the constraint '{one}'", one.proxies) for one in self.constraints),
        )

    def objectives(
        self, columns: Mapping[str, ArrayLike]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Judges architectures by their proxies.

        Args:
            columns: scores of each proxy, ``(architectures,)``, nan where it could not be had.

        Returns:
            scores by the formula ``(architectures,)``, -inf where not finite; all objectives, to be maximised,
            ``(architectures, objectives)``, -inf where a constraint is not met or one of them is not finite;
            whether all constraints are met ``(architectures,)``.
        """
        score = ranking_values(self.formula.evaluate(columns))
        met = np.ones(score.shape, dtype=bool)
        for constraint in self.constraints:
            met &= constraint.met(columns)
        values = np.stack([score, *(ranking_values(-one.evaluate(columns)) for one in self.minimise)], axis=1)
        able = met & np.isfinite(values).all(axis=1)
        return score, np.where(able[:, None], values, -np.inf), met

    @classmethod
    def of(cls, options: PlanOptions) -> "Plan":
        """Parses the texts of options.

        Raises:
            FormulaError: a formula does not parse.
            SearchError: a constraint does not parse, or a formula has no proxy.
        """
        return cls(
            Formula.parse(options.formula),
            options.algorithm,
            options.budget,
            options.seed,
            options.batch,
            tuple(map(parse_constraint, options.constraints)),
            tuple(map(Formula.parse, options.minimise)),
            options.settings,
        )

    def to_document(self) -> dict[str, Any]:
        """The plan as what JSON knows."""
        return {
            "formula": str(self.formula),
            "algorithm": self.algorithm,
            "budget": self.budget,
            "seed": self.seed,
            "batch": self.batch,
            "constraints": [str(one) for one in self.constraints],
            "minimise": [str(one) for one in self.minimise],
            "settings": self.settings.to_document(),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "Plan":
        """The opposite of :meth:`to_document`.

        Raises:
            SearchError: it is no plan.
        """
        try:
            return parse_plan(
                document["formula"],
                document["constraints"],
                document["minimise"],
                algorithm=document["algorithm"],
                budget=document["budget"],
                seed=document["seed"],
                batch=document["batch"],
                settings=AlgorithmSettings.from_document(
                    document["settings"], "the settings of the saved plan", SearchError
                ),
            )
        except (KeyError, TypeError, FormulaError) as error:
            raise SearchError(f"the saved plan cannot be used: {error!r}") from None


def parse_plan(
    formula: str, constraints: Sequence[str] = (), minimise: Sequence[str] = (), **others: Any
) -> Plan:
    """The plan of texts, as a user gives them.

    Args:
        formula: text of the formula.
        constraints: texts such as ``params < 1.5``.
        minimise: texts of further objectives, such as ``flops``.
        others: further fields of :class:`Plan`.

    Raises:
        FormulaError: a formula does not parse.
        SearchError: a constraint does not parse, or as for :class:`Plan`.
    """
    return Plan(
        Formula.parse(formula),
        constraints=tuple(parse_constraint(one) for one in constraints),
        minimise=tuple(Formula.parse(one) for one in minimise),
        **others,
    )
