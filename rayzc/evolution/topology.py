"""Migration topologies: from which islands an island receives, by name; the schedule is known in advance.

A topology is a function of the island, the number of islands, the seed and the number of the migration, counted
without the epochs between. To add a topology, write the function and enter it in :data:`TOPOLOGIES`;
:func:`rayzc.testing.check_topology` checks it.
"""

from collections.abc import Callable, Mapping
from math import isqrt
from random import Random
from types import MappingProxyType

__all__ = ["TOPOLOGIES", "Topology", "random", "ring", "star", "torus"]

Topology = Callable[[int, int, int, int], tuple[int, ...]]


def ring(island: int, islands: int, seed: int, migration: int) -> tuple[int, ...]:
    """Receives from the island before it."""
    return _distinct(island, [(island - 1) % islands])


def torus(island: int, islands: int, seed: int, migration: int) -> tuple[int, ...]:
    """Receives from the islands to the left and above, on the squarest grid that the number of islands allows."""
    rows = next(r for r in range(isqrt(islands), 0, -1) if islands % r == 0)
    columns = islands // rows
    row, column = divmod(island, columns)
    left = row * columns + (column - 1) % columns
    above = ((row - 1) % rows) * columns + column
    return _distinct(island, [left, above])


def star(island: int, islands: int, seed: int, migration: int) -> tuple[int, ...]:
    """The first island receives from all others in turn, a tenth of them at a time; they receive from it."""
    if island:
        return (0,)
    share = -(-(islands - 1) // 10)
    return _distinct(0, [1 + (migration * share + k) % max(islands - 1, 1) for k in range(share)])


def random(island: int, islands: int, seed: int, migration: int) -> tuple[int, ...]:
    """Receives from another island, drawn from the seed anew for every migration."""
    if islands == 1:
        return ()
    other = int(Random(f"topology/{seed}/{migration}/{island}").random() * (islands - 1))
    return (other + (other >= island),)


def _distinct(island: int, sources: list[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(source for source in sources if source != island))


TOPOLOGIES: Mapping[str, Topology] = MappingProxyType(
    {"ring": ring, "torus": torus, "star": star, "random": random}
)
"""The topologies by name."""
