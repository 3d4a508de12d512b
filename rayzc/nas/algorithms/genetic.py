"""A generational genetic algorithm with crossover, selection and survival as in NSGA-II (Deb et al., 2002)."""

from collections.abc import Set

import numpy as np

from rayzc.nas.algorithms.algorithm import Proposal, State
from rayzc.nas.algorithms.asking import proposal_of
from rayzc.nas.domain import Domain
from rayzc.nas.fronts import best_first

__all__ = ["genetic"]


def genetic(state: State, domain: Domain, seen: Set[str], rng: np.random.Generator) -> Proposal | None:
    """Crosses or mutates parents drawn, by tournaments of two, from the best of all earlier generations.

    A generation needs the whole one before it, so batches end with generations, and the trajectory does not depend
    on their size.
    """
    size = state.settings.generation
    told = (len(state.history) + len(state.asked)) // size * size
    if len(state.history) < told:
        return None
    able = [one for one in state.history[:told] if one.may_be_parent]
    if not able:
        return proposal_of(domain, domain.sample(rng, seen))
    parents = [able[i] for i in best_first([one.values for one in able])[:size]]
    first, second = (parents[int(rng.integers(len(parents), size=2).min())].proposal for _ in range(2))
    if first.key != second.key and rng.random() < state.settings.crossover:
        child = domain.cross_over(first.architecture, second.architecture, rng, seen)
    else:
        child = domain.mutate(first.architecture, rng, seen)
    return proposal_of(domain, child, first)
