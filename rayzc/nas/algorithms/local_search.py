"""Local search: all neighbours, then a step to the best of them (White et al., UAI 2021)."""

from collections.abc import Set

import numpy as np

from rayzc.nas.algorithms.algorithm import Proposal, State, Told
from rayzc.nas.algorithms.asking import proposal_of
from rayzc.nas.domain import Domain
from rayzc.nas.fronts import best_first

__all__ = ["local_search"]


def local_search(state: State, domain: Domain, seen: Set[str], rng: np.random.Generator) -> Proposal | None:
    """Climbs from the best of a few random architectures; in a local optimum it starts again.

    A step goes to a neighbour that is at least as good in all objectives and better in one, so it never goes in
    circles. It needs the whole neighbourhood, so batches end with that, and the trajectory does not depend on their
    size.
    """
    starts = state.settings.starts
    drawn = sum(told.proposal.parent is None for told in state.history)
    pending = sum(one.parent is None for one in state.asked)
    if (drawn + pending) % starts == 0 and drawn + pending:
        if pending:
            return None
        known = {told.proposal.key: told for told in state.history}
        able = [told for told in state.history if told.proposal.parent is None][-starts:]
        able = [told for told in able if told.may_be_parent]
        while able:
            here = _best(able)
            around = {domain.key(one): one for one in domain.neighbours(here.proposal.architecture)}
            unseen = [one for key, one in around.items() if key not in seen]
            if unseen:
                return proposal_of(domain, unseen[int(rng.integers(len(unseen)))], here.proposal)
            if any(key not in known for key in around):
                return None
            able = [known[key] for key in around if _dominates(known[key].values, here.values)]
    return proposal_of(domain, domain.sample(rng, seen))


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether one is at least as good in all objectives and better in one."""
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))


def _best(candidates: list[Told]) -> Told:
    """The best one, the first of equals."""
    return candidates[best_first([one.values for one in candidates])[0]]
