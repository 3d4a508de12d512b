"""Local search over the constants of a formula, one at a time, uphill."""

from random import Random

from rayzc.evolution.fitness import Judge
from rayzc.evolution.individual import Individual, judged_as_it_is
from rayzc.evolution.objectives import Objective
from rayzc.evolution.variation import pick, rounded

__all__ = ["polish"]

_TRIALS = 16
_FACTORS = (0.5, 0.7, 0.9, 0.97, 1.03, 1.1, 1.4, 2.0)


def polish(rng: Random, one: Individual, judge: Judge, objective: Objective) -> tuple[Individual, int]:
    """Improves the constants of a formula by a pattern search (Hooke and Jeeves, 1961) that takes what is better.

    A constant that a factor improves is multiplied by it again. Rank correlations are step functions of the
    constants, so there is no gradient to follow.

    Args:
        rng: chooses the constants and the factors.
        one: the formula.
        judge: judges formulas on the tables.
        objective: what is maximised.

    Returns:
        The improved formula, or the same, and the number of formulas that were judged.
    """
    places = [place for place, token in enumerate(one.tokens) if isinstance(token, float)]
    if not places:
        return one, 0
    again: tuple[int, float] | None = None
    for _ in range(_TRIALS):
        place, factor = again or (pick(rng, places), pick(rng, _FACTORS))
        value = float(one.tokens[place])
        moved = rounded(value * factor, digits=4, otherwise=value) if value else factor - 1.0
        other = judged_as_it_is((*one.tokens[:place], moved, *one.tokens[place + 1 :]), judge, objective)
        better = other.objective > one.objective
        one = other if better else one
        again = (place, factor) if better else None
    return one, _TRIALS
