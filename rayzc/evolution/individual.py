"""Individuals: formulas with their fitness, and how to choose the best of them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rayzc.evolution.fitness import Judge
from rayzc.evolution.objectives import Objective
from rayzc.formula import PRIMITIVES, Tokens
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

    def __reduce__(self) -> tuple[type["Individual"], tuple[object, ...]]:
        """Pickles a fifth as slowly as dataclasses with slots do by default; every epoch sends a hundred or more."""
        return Individual, (self.tokens, self.correlations, self.objective, self.ranking)


def judged(tokens: Tokens, judge: Judge, objective: Objective) -> Individual:
    """Judges a formula, or its negation if that ranks better, stripped of what changes no ranking."""
    if tokens[0] in _STRIPPABLE:
        tokens = without_outer_functions(tokens)
    upright = judged_as_it_is(tokens, judge, objective)
    if sum(upright.correlations) < 0:
        negation = tokens[1:] if tokens[0] == "neg" else ("neg", *tokens)
        turned = judged_as_it_is(negation, judge, objective)
        return turned if turned.objective > upright.objective else upright
    return upright


def judged_as_it_is(tokens: Tokens, judge: Judge, objective: Objective) -> Individual:
    """Judges a formula as it is; if it ties too many pairs, or has no objective, it ranks behind all others."""
    verdict = judge(tokens)
    seen = (verdict.correlations,) if verdict.top is None else (verdict.correlations, verdict.top)
    value = float(objective(*seen))
    if math.isnan(value) or verdict.ties > judge.max_ties:
        value = -math.inf
    return Individual(tokens, tuple(verdict.correlations.tolist()), value, verdict.ranking)


def shortened(individual: Individual) -> Individual:
    """The same formula, rewritten to fewer tokens of the same values, so of the same ranking."""
    tokens = rewrite(individual.tokens)
    return replace(individual, tokens=tokens) if tokens != individual.tokens else individual


def pareto_front(individuals: Iterable[Individual]) -> tuple[Individual, ...]:
    """The best formula of each complexity, without those that a simpler formula equals or beats.

    The order of `individuals` does not matter: of formulas that rank alike, the first by its tokens is taken.
    """
    best: dict[int, Individual] = {}
    for individual in individuals:
        known = best.get(len(individual.tokens))
        if known is not None and individual.objective < known.objective:
            continue  # most end here
        if (
            known is None
            or individual.order < known.order
            or (individual.order == known.order and repr(individual.tokens) < repr(known.tokens))
        ):
            best[len(individual.tokens)] = individual
    front: list[Individual] = []
    for complexity in sorted(best):
        if not front or best[complexity].objective > front[-1].objective:
            front.append(best[complexity])
    return tuple(front)


def unique(individuals: Iterable[Individual]) -> list[Individual]:
    """The smallest formula of each ranking, and the first of equals."""
    kept: dict[int, Individual] = {}
    for individual in individuals:
        known = kept.get(individual.ranking)
        if known is None or len(individual.tokens) < len(known.tokens):
            kept[individual.ranking] = individual
    return list(kept.values())


def one_of_each_shape(individuals: Iterable[Individual]) -> Iterator[Individual]:
    """The first of the formulas that differ only in their constants."""
    seen: set[tuple[str | None, ...]] = set()
    for individual in individuals:
        shape = tuple([token if token.__class__ is str else None for token in individual.tokens])
        if shape not in seen:
            seen.add(shape)
            yield individual
