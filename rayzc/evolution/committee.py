"""Committees: a few short formulas of different sizes, whose opinions of a network are averaged.

A committee is a formula as any other, so it prints, scores, searches and exports as one. Ranks can be averaged only
over a pool of networks; a committee averages where each member sees a network among those it was bred on instead::

    (x - median) / (spread + |x - median|)

with `x` the member's value, and the median and half the interquartile range of its values on these networks. This is
between -1 and 1, 0 for a network in the middle, a half where three quarters lie below, and never quite constant, so a
single network has a value and no two are tied for lying far out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from rayzc.formula import Formula, Tokens, ranking_values
from rayzc.problems import Suite

__all__ = ["COMMITTEES", "committee_of", "members_of"]

COMMITTEES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"committee": (4, 8, 16), "large committee": (4, 16, 64)}
)
"""The committees, by name: the number of nodes that their members may have."""

_QUANTILES = np.linspace(0.0, 1.0, 201)


def members_of(limits: Iterable[int], best: Callable[[int], Formula | None]) -> tuple[Formula, ...]:
    """The members of a committee: the best formula of each limit of size, each once.

    Args:
        limits: the limits.
        best: from a limit of size to the best formula that keeps to it, if there is one.
    """
    found = [best(limit) for limit in limits]
    return tuple(dict.fromkeys(formula for formula in found if formula is not None))


def committee_of(members: Sequence[Formula], fitting: Suite) -> Formula:
    """The formula that averages the opinions of several.

    Example:
        >>> from rayzc.problems import Problem
        >>> toy = Problem("s", "t", ("a", "b", "c"), ("p", "q"), np.array([[1, 4], [2, 5], [3, 6]]), np.arange(3))
        >>> str(committee_of([Formula(("p",)), Formula(("q",))], Suite("toy", (toy,))))
        '(p - 2) / (0.5 + abs(p - 2)) + (q - 5) / (0.5 + abs(q - 5))'

    Args:
        members: the formulas, at least one.
        fitting: the networks that they were bred on; each problem counts as much as any other.
    """
    first, *others = (_opinion(member, fitting) for member in members)
    tokens = first
    for other in others:
        tokens = ("+", *tokens, *other)
    return Formula(tokens)


def _opinion(member: Formula, fitting: Suite) -> Tokens:
    """Where a member sees a network among those that it was bred on."""
    columns = []
    for problem in fitting.problems:
        values = ranking_values(member.evaluate({name: problem.column(name) for name in problem.proxies}))
        finite = values[np.isfinite(values)]
        if len(finite):
            columns.append(np.quantile(finite, _QUANTILES))
    pooled = np.concatenate(columns) if columns else np.zeros(1)
    low, middle, high = (_short(value) for value in np.quantile(pooled, (0.25, 0.5, 0.75)))
    spread = _short((high - low) / 2) or 1.0
    apart: Tokens = ("-", *member.tokens, middle)
    return ("/", *apart, "+", spread, "abs", *apart)


def _short(value: float) -> float:
    """To four digits, as constants in formulas are written; never -0.0."""
    return float(f"{value:.4g}") or 0.0
