"""A formula and how good it is, and what can be said of many of them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rayzc.evolution.fitness import Judge
from rayzc.evolution.objectives import Objective
from rayzc.formula import PRIMITIVES
from rayzc.formula.rewriting import rewrite
from rayzc.formula.simplify import without_outer_functions

__all__ = [
    "Individual",
    "judged",
    "judged_as_it_is",
    "one_of_each_shape",
    "pareto_front",
    "shortened",
    "unique",
]

Tokens = tuple[str | float, ...]

# Formulas with these outside may have something to strip.
_STRIPPABLE = frozenset(
    name for name, primitive in PRIMITIVES.items() if primitive.increasing or primitive.infix
)


@dataclass(frozen=True, slots=True)
class Individual:
    """A formula and how good it is.

    Attributes:
        tokens: the formula, in prefix order.
        correlations: rank correlation on each problem, ``(problems,)``.
        objective: what is maximised.
        ranking: hash of how it ranks.
    """

    tokens: Tokens
    correlations: tuple[float, ...]
    objective: float
    ranking: int

    @property
    def order(self) -> tuple[float, int, int]:
        """Sorts the better first, then the smaller, then by the ranking: only what ranks alike may be equal."""
        return (-self.objective, len(self.tokens), self.ranking)


def judged(tokens: Tokens, judge: Judge, objective: Objective) -> Individual:
    """Judges a formula, or its negation if that ranks better, stripped of what changes no ranking."""
    if tokens[0] in _STRIPPABLE:
        tokens = without_outer_functions(tokens)
    one = judged_as_it_is(tokens, judge, objective)
    if sum(one.correlations) < 0:
        turned = tokens[1:] if tokens[0] == "neg" else ("neg", *tokens)
        return min(one, judged_as_it_is(turned, judge, objective), key=lambda i: -i.objective)
    return one


def judged_as_it_is(tokens: Tokens, judge: Judge, objective: Objective) -> Individual:
    """Judges a formula without touching it; one that ties too much, or has no objective, comes behind all others."""
    verdict = judge(tokens)
    value = float(objective(verdict.correlations))
    if math.isnan(value) or verdict.ties > judge.max_ties:
        value = -math.inf
    return Individual(tokens, tuple(verdict.correlations.tolist()), value, verdict.ranking)


def shortened(one: Individual) -> Individual:
    """The same formula, rewritten to fewer tokens of the same values, so of the same ranking."""
    tokens = rewrite(one.tokens)
    return replace(one, tokens=tokens) if tokens != one.tokens else one


def pareto_front(individuals: Iterable[Individual]) -> tuple[Individual, ...]:
    """The best formula of each complexity, those left out that a simpler one equals or beats.

    It is the same in whatever order they come: of those that rank alike, the first by its tokens is taken.
    """
    best: dict[int, Individual] = {}
    for one in individuals:
        known = best.get(len(one.tokens))
        if (
            known is None
            or one.order < known.order
            or (one.order == known.order and _text_of(one) < _text_of(known))
        ):
            best[len(one.tokens)] = one
    front: list[Individual] = []
    for complexity in sorted(best):
        if not front or best[complexity].objective > front[-1].objective:
            front.append(best[complexity])
    return tuple(front)


def _text_of(one: Individual) -> str:
    return repr(one.tokens)


def unique(individuals: Iterable[Individual]) -> list[Individual]:
    """One formula for each ranking, the smallest, the first of equals."""
    kept: dict[int, Individual] = {}
    for one in individuals:
        known = kept.get(one.ranking)
        if known is None or len(one.tokens) < len(known.tokens):
            kept[one.ranking] = one
    return list(kept.values())


def one_of_each_shape(individuals: Iterable[Individual]) -> Iterator[Individual]:
    """Of formulas that differ in nothing but their constants, the first."""
    seen: set[tuple[str | None, ...]] = set()
    for one in individuals:
        shape = tuple([token if token.__class__ is str else None for token in one.tokens])
        if shape not in seen:
            seen.add(shape)
            yield one
