"""How the next architectures are chosen, by name, as ask and tell.

An algorithm is one pure function that proposes an architecture, given all that was told so far; populations and
positions follow from that history, so the state of every algorithm is the same plain value, :class:`State`. Results
are told in the order of the proposals, whichever came first, so a trajectory does not depend on who measured how fast.
A new algorithm is one file and its line in :data:`ALGORITHMS`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from rayzc.errors import SearchError, nearest
from rayzc.nas.algorithms.algorithm import Algorithm, AlgorithmSettings, Proposal, State, Told
from rayzc.nas.algorithms.asking import propose
from rayzc.nas.algorithms.genetic import genetic
from rayzc.nas.algorithms.local_search import local_search
from rayzc.nas.algorithms.random_search import random_search
from rayzc.nas.algorithms.regularized_evolution import regularized_evolution
from rayzc.nas.domain import Domain

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "AlgorithmSettings",
    "Proposal",
    "State",
    "Told",
    "algorithm_named",
    "ask",
    "tell",
]

ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "regularized_evolution": regularized_evolution,
        "genetic": genetic,
        "local_search": local_search,
        "random": random_search,
    }
)
"""The algorithms by name."""


def algorithm_named(name: str) -> Algorithm:
    """The algorithm of this name.

    Raises:
        SearchError: if there is none.
    """
    if name not in ALGORITHMS:
        raise SearchError(f"there is no algorithm '{name}'; {nearest(name, list(ALGORITHMS))}")
    return ALGORITHMS[name]


def ask(state: State, count: int, domain: Domain) -> tuple[State, tuple[Proposal, ...]]:
    """Asks for up to `count` architectures, none of which was proposed before.

    Fewer mean that the algorithm wants to be told these first; none, that all architectures were proposed.

    Raises:
        SearchError: the algorithm is unknown, `count` is less than 1, or the last batch was not told yet.
    """
    return propose(algorithm_named(state.algorithm), state, count, domain)


def tell(state: State, results: list[tuple[float, ...]]) -> State:
    """Tells the objectives' values of all that was asked, in the order of the proposals, see :meth:`State.tell`."""
    return state.tell(results)
