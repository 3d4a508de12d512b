"""Regularized (aging) evolution: the oldest die, not the worst (Real et al., AAAI 2019)."""

from collections.abc import Set

import numpy as np

from rayzc.nas.algorithms.algorithm import Proposal, State
from rayzc.nas.algorithms.asking import proposal_of
from rayzc.nas.domain import Domain
from rayzc.nas.fronts import best_first

__all__ = ["regularized_evolution"]


def regularized_evolution(
    state: State, domain: Domain, seen: Set[str], rng: np.random.Generator
) -> Proposal | None:
    """Mutates the best of a few of the living, which are the last ones told.

    A batch has its parents from those who live when it is asked for, so the trajectory depends on the size of the
    batches; with batches of one it is the algorithm as published.
    """
    settings = state.settings
    living = [told for told in state.history[-settings.population :] if told.may_be_parent]
    if len(state.history) + len(state.asked) < settings.population or not living:
        return proposal_of(domain, domain.sample(rng, seen))
    size = min(settings.tournament, len(living))
    rivals = [living[i] for i in rng.choice(len(living), size=size, replace=False)]
    parent = rivals[best_first([rival.values for rival in rivals])[0]].proposal
    return proposal_of(domain, domain.mutate(parent.architecture, rng, seen), parent)
