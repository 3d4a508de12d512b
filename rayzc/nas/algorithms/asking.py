"""Asking an algorithm for a batch."""

from dataclasses import replace

import numpy as np

from rayzc.errors import SearchError
from rayzc.nas.algorithms.algorithm import Algorithm, Proposal, State
from rayzc.nas.domain import Domain

__all__ = ["propose"]


def propose(
    algorithm: Algorithm, state: State, count: int, domain: Domain
) -> tuple[State, tuple[Proposal, ...]]:
    """Asks an algorithm for up to `count` architectures that were not proposed before.

    Fewer mean that it wants to be told these first; none that every architecture of the domain was proposed.

    Raises:
        SearchError: `count` is less than 1, or the last batch was not told yet.
    """
    if count < 1:
        raise SearchError(f"{count} architectures were asked for; ask for at least 1")
    if state.asked:
        raise SearchError(
            f"{len(state.asked)} architectures were proposed and not told; tell their results first"
        )
    seen = {told.proposal.key for told in state.history}
    while len(state.asked) < count:
        number = len(state.history) + len(state.asked)
        proposal = algorithm(state, domain, seen, np.random.default_rng([state.seed, number]))
        if proposal is None:
            break
        seen.add(proposal.key)
        state = replace(state, asked=(*state.asked, proposal))
    return state, state.asked


def proposal_of(domain: Domain, architecture: str | None, parent: Proposal | None = None) -> Proposal | None:
    """The proposal of an architecture, if there is one."""
    if architecture is None:
        return None
    return Proposal(architecture, domain.key(architecture), parent.key if parent else None)
