"""The architectures of a suite that is built: distinct networks, drawn from a search space by a seed."""

import hashlib

import numpy as np

from rayzc.errors import SuiteError, counted
from rayzc.spaces.registry import search_space

__all__ = ["sampled"]

_DRAWS = 10_000
"""A space that gives no new network in so many draws is taken to have no more."""


def sampled(space: str, count: int, seed: int) -> tuple[str, ...]:
    """Draws distinct networks of a search space, each element of the space with the same probability.

    Args:
        space: name of the search space.
        count: how many.
        seed: the same seed draws the same networks; a greater count draws the same and more.

    Returns:
        Canonical encodings, no two of the same network.

    Raises:
        SpaceError: there is no such space.
        SuiteError: it does not have as many networks.
    """
    known = search_space(space)
    salt = int.from_bytes(hashlib.sha256(space.encode()).digest()[:8], "big")
    rng = np.random.default_rng([seed, salt])
    found: dict[str, None] = {}
    idle = 0
    while len(found) < count:
        key = known.key(known.sample(rng))
        idle = idle + 1 if key in found else 0
        if idle > _DRAWS:
            raise SuiteError(
                f"{space} has {counted(len(found), 'network')}, not {count:,}: ask for fewer architectures"
            )
        found[key] = None
    return tuple(found)
