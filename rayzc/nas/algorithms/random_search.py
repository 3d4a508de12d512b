"""Random search: the baseline."""

from collections.abc import Set

import numpy as np

from rayzc.nas.algorithms.algorithm import Proposal, State
from rayzc.nas.algorithms.asking import proposal_of
from rayzc.nas.domain import Domain

__all__ = ["random_search"]


def random_search(state: State, domain: Domain, seen: Set[str], rng: np.random.Generator) -> Proposal | None:
    """Draws from all that was not proposed, each with the same probability."""
    return proposal_of(domain, domain.sample(rng, seen))
