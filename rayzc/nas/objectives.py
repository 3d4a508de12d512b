"""Constraints that architectures must meet, and their order under several objectives.

A :class:`Constraint` is a condition in the language of formulas, ``params < 1.5``. With several objectives,
architectures are ordered by non-dominated sorting, as in NSGA-II (Deb et al., 2002).
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rayzc.errors import FormulaError, SearchError
from rayzc.formula import Formula

__all__ = [
    "COMPARISONS",
    "Constraint",
    "best_first",
    "crowding_distances",
    "front_numbers",
    "parse_constraint",
    "require_met",
]

COMPARISONS: Mapping[str, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]] = (
    MappingProxyType({"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge})
)
"""The comparisons by their signs."""

_SIGN = re.compile(r"[<>=!]+")
_CHOICE = " ".join(COMPARISONS)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A comparison of two formulas.

    An architecture that does not meet it is never a parent and never in a shortlist or a front, but counts against
    the budget, as it has to be scored first. Where a side is nan, the constraint is not met.

    Attributes:
        left: the left side.
        comparison: the sign between them, one of :data:`COMPARISONS`.
        right: the right side.
    """

    left: Formula
    comparison: str
    right: Formula

    def __str__(self) -> str:
        """The constraint as text that parses back to it."""
        return f"{self.left} {self.comparison} {self.right}"

    @property
    def proxies(self) -> tuple[str, ...]:
        """Names of the proxies of both sides, each once, sorted."""
        return tuple(sorted({*self.left.proxies, *self.right.proxies}))

    def met(self, columns: Mapping[str, ArrayLike]) -> NDArray[np.bool_]:
        """Which architectures meet it.

        Args:
            columns: scores of each proxy, ``(architectures,)``.

        Returns:
            ``(architectures,)``.
        """
        used = {name: columns[name] for name in self.proxies}
        left, right = self.left.evaluate(used), self.right.evaluate(used)
        return COMPARISONS[self.comparison](left, right)


def parse_constraint(text: str) -> Constraint:
    """Parses text such as ``log(flops) + nwot >= 3``.

    Raises:
        SearchError: the text does not compare two formulas; says what is wrong at which position.
    """
    signs = list(_SIGN.finditer(text))
    if not signs:
        raise SearchError(f"constraint '{text}' has no comparison: put one of {_CHOICE} between two formulas")
    for sign in signs:
        if sign.group() not in COMPARISONS:
            raise SearchError(
                f"constraint '{text}', position {sign.start() + 1}: unknown comparison '{sign.group()}'; use one of "
                f"{_CHOICE}"
            )
    if len(signs) > 1:
        raise SearchError(
            f"constraint '{text}', position {signs[1].start() + 1}: a second comparison; give two constraints"
        )
    (sign,) = signs
    # Blanks in place of the left side: positions in messages are then those in the whole text.
    sides = text[: sign.start()], " " * sign.end() + text[sign.end() :]
    for side, where in zip(sides, ("before", "after"), strict=True):
        if not side.strip():
            raise SearchError(f"constraint '{text}' has nothing {where} the '{sign.group()}'")
    try:
        left, right = (Formula.parse(side) for side in sides)
    except FormulaError as error:
        raise SearchError(f"constraint '{text}': {error}") from None
    constraint = Constraint(left, sign.group(), right)
    if not constraint.proxies:
        raise SearchError(f"constraint '{text}' names no proxy: it has the same value for every architecture")
    return constraint


def require_met(
    constraints: Sequence[Constraint], columns: Mapping[str, ArrayLike], problem: str, what: str
) -> None:
    """Checks that at least one architecture meets all constraints.

    Args:
        constraints: what has to be met.
        columns: scores of each proxy, ``(architectures,)``.
        problem: its name, for the message.
        what: what the architectures are, for the message: ``candidates``.

    Raises:
        SearchError: none does; names the constraint that none meets.
    """
    if not constraints:
        return
    met = np.array([constraint.met(columns) for constraint in constraints])
    if met.all(axis=0).any():
        return
    count = met.shape[1]
    for constraint, each in zip(constraints, met, strict=True):
        if not each.any():
            reach = _reach(constraint, columns)
            raise SearchError(
                f"{problem}: none of the {count} {what} meets the constraint '{constraint}'{reach}"
            )
    together = "', '".join(map(str, constraints))
    raise SearchError(f"{problem}: none of the {count} {what} meets all the constraints '{together}'")


def _reach(constraint: Constraint, columns: Mapping[str, ArrayLike]) -> str:
    """The range of the left side, if the right side is a constant."""
    if constraint.right.proxies:
        return ""
    left = constraint.left.evaluate(columns)
    left = left[np.isfinite(left)]
    if not left.size:
        return f": {constraint.left} is not finite for any"
    return f": {constraint.left} ranges from {left.min():g} to {left.max():g}"


def best_first(values: Sequence[tuple[float, ...]]) -> list[int]:
    """Positions of the candidates, the best first; equals stay in order.

    With several objectives they are ordered by front, and within a front by crowding distance, the largest first.

    Args:
        values: objectives of each candidate, all to be maximised.
    """
    if not values:
        return []
    if len(values[0]) == 1:
        return sorted(range(len(values)), key=lambda i: -values[i][0])
    fronts = front_numbers(values)
    lonely = np.zeros(len(values))
    for front in range(int(fronts.max()) + 1):
        members = np.flatnonzero(fronts == front)
        lonely[members] = crowding_distances(np.asarray(values, dtype=np.float64)[members])
    return [int(i) for i in np.lexsort((-lonely, fronts))]


def front_numbers(values: ArrayLike) -> NDArray[np.int64]:
    """The front of each candidate: 0 where no other dominates it, 1 where only those of front 0 do, and so on.

    A candidate dominates another if it is at least as good in every objective and better in at least one of them.

    Args:
        values: ``(candidates, objectives)``, all to be maximised, without nan.

    Returns:
        ``(candidates,)``.
    """
    array = np.asarray(values, dtype=np.float64)
    at_least = np.ones((len(array), len(array)), dtype=bool)
    better = np.zeros_like(at_least)
    for objective in array.T:  # one by one, so that memory does not grow with the objectives
        at_least &= objective[:, None] >= objective
        better |= objective[:, None] > objective
    dominates = at_least & better
    fronts = np.full(len(array), -1, dtype=np.int64)
    dominators = dominates.sum(axis=0)
    front = 0
    while (fronts < 0).any():
        members = (fronts < 0) & (dominators == 0)
        fronts[members] = front
        dominators = dominators - dominates[members].sum(axis=0)
        front += 1
    return fronts


def crowding_distances(values: ArrayLike) -> NDArray[np.float64]:
    """How far the neighbours of each member of a front are apart, summed over the objectives.

    Each objective is scaled to its range in the front; the members at its ends have infinite distance.

    Args:
        values: ``(members, objectives)``.

    Returns:
        ``(members,)``.
    """
    array = np.asarray(values, dtype=np.float64)
    distances = np.zeros(len(array))
    for objective in array.T:
        order = np.argsort(objective, kind="stable")
        ordered = objective[order]
        distances[order[[0, -1]]] = np.inf
        if np.isfinite(ordered).all() and ordered[0] < ordered[-1]:
            distances[order[1:-1]] += (ordered[2:] - ordered[:-2]) / (ordered[-1] - ordered[0])
    return distances
