"""The plan of a search: its options, with their formulas and constraints parsed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rayzc.errors import SearchError
from rayzc.formula import Formula, ranking_values
from rayzc.nas.objectives import Constraint, parse_constraint
from rayzc.options.searching import PlanOptions

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one search does: :class:`PlanOptions` with the texts parsed.

    Attributes:
        options: the same as texts and numbers, formulas and constraints as rayzc writes them.
        formula: the score to be maximised. An architecture for which it is not finite ranks last.
        constraints: what every parent and every result has to meet.
        minimise: further objectives to be minimised: ``params``, ``flops`` or any formula. Survival then goes by Pareto
            fronts, and the result has a front beside the shortlist.
    """

    options: PlanOptions
    formula: Formula
    constraints: tuple[Constraint, ...]
    minimise: tuple[Formula, ...]

    @classmethod
    def of(cls, options: PlanOptions) -> "Plan":
        """Parses the texts of options.

        Raises:
            FormulaError: a formula does not parse.
            SearchError: a constraint does not parse, or a formula has no proxy.
        """
        formula = Formula.parse(options.formula)
        constraints = tuple(map(parse_constraint, options.constraints))
        minimise = tuple(map(Formula.parse, options.minimise))
        for each in (formula, *minimise):
            if not each.proxies:
                raise SearchError(f"'{each}' names no proxy: it has the same value for every architecture")
        written = options.replaced(
            formula=str(formula), constraints=tuple(map(str, constraints)), minimise=tuple(map(str, minimise))
        )
        return cls(written, formula, constraints, minimise)

    def replaced(self, **changes: object) -> "Plan":
        """The same plan but for these options.

        Raises:
            FormulaError: as for :meth:`of`.
            SearchError: likewise, or there is no such option.
        """
        return Plan.of(self.options.replaced(**changes))

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
