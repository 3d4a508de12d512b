"""The plan of a search: its options, with their formulas and constraints parsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rayzc.errors import SearchError
from rayzc.formula import Formula, ranking_values
from rayzc.nas.objectives import Constraint, parse_constraint
from rayzc.options.searching import AlgorithmSettings, PlanOptions

__all__ = ["Plan", "PlanOptions"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one search does: :class:`PlanOptions` with the texts parsed.

    Attributes:
        formula: the score to be maximised. An architecture for which it is not finite ranks last.
        algorithm: name of the algorithm, one of :data:`~rayzc.nas.algorithms.ALGORITHMS`.
        budget: how many distinct architectures may be evaluated.
        seed: all randomness comes from it.
        batch: how many architectures are proposed at a time.
        constraints: what every parent and every result has to meet.
        minimise: further objectives to be minimised: ``params``, ``flops`` or any formula. Survival then goes by Pareto
            fronts, and the result has a front beside the shortlist.
        settings: of the algorithm.

    Raises:
        SearchError: a number is out of its range, the algorithm is unknown, or a formula has no proxy.
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
        _ = self.options  # which checks the ranges
        for formula in (self.formula, *self.minimise):
            if not formula.proxies:
                raise SearchError(f"'{formula}' names no proxy: it has the same value for every architecture")

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

    @property
    def options(self) -> PlanOptions:
        """The options that :meth:`of` makes this plan of."""
        return PlanOptions(
            formula=str(self.formula),
            algorithm=self.algorithm,
            budget=self.budget,
            seed=self.seed,
            batch=self.batch,
            constraints=tuple(map(str, self.constraints)),
            minimise=tuple(map(str, self.minimise)),
            settings=self.settings,
        )

    @property
    def proxies(self) -> tuple[str, ...]:
        """Names of all proxies that the search reads, each once, sorted."""
        return tuple(sorted({proxy for _, proxies in self.needs for proxy in proxies}))

    @property
    def needs(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Which part of the plan reads which proxies, for messages."""
        return (
            ("the formula", self.formula.proxies),
            *((f"the objective '{objective}'", objective.proxies) for objective in self.minimise),
            *((f"the constraint '{constraint}'", constraint.proxies) for constraint in self.constraints),
        )

    def objectives(
        self, columns: Mapping[str, ArrayLike]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Judges architectures by their proxies.

        Args:
            columns: scores by proxy, ``(architectures,)``, nan where there is none.

        Returns:
            scores by the formula ``(architectures,)``, -inf where not finite; all objectives, to be maximised,
            ``(architectures, objectives)``, -inf where a constraint is not met or an objective is not finite;
            whether all constraints are met ``(architectures,)``.
        """
        score = ranking_values(self.formula.evaluate(columns))
        met = np.ones(score.shape, dtype=bool)
        for constraint in self.constraints:
            met &= constraint.met(columns)
        minimised = [ranking_values(-objective.evaluate(columns)) for objective in self.minimise]
        values = np.stack([score, *minimised], axis=1)
        able = met & np.isfinite(values).all(axis=1)
        return score, np.where(able[:, None], values, -np.inf), met
