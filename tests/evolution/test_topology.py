"""Who receives from whom."""

import pytest

from rayzc.evolution import TOPOLOGIES
from rayzc.evolution.topology import random, ring, star, torus

every_topology = pytest.mark.parametrize("name", list(TOPOLOGIES))
ISLANDS = (1, 2, 3, 4, 5, 7, 12, 16, 31, 64, 100)


@every_topology
@pytest.mark.parametrize("islands", ISLANDS)
def test_sources_are_other_islands_each_once(name: str, islands: int) -> None:
    for island in range(islands):
        for migration in (1, 2, 3, 10, 11, 1000):
            sources = TOPOLOGIES[name](island, islands, 7, migration)
            assert island not in sources
            assert len(set(sources)) == len(sources)
            assert all(0 <= source < islands for source in sources)
            assert bool(sources) == (islands > 1)
            assert sources == TOPOLOGIES[name](island, islands, 7, migration)


@every_topology
@pytest.mark.parametrize("islands", ISLANDS)
def test_every_island_is_heard_everywhere_in_time(name: str, islands: int) -> None:
    """What one island finds reaches all others, within as many migrations as there are islands and some."""
    knows = [{island} for island in range(islands)]
    for migration in range(1, 2 * islands + 12):
        sources = [TOPOLOGIES[name](island, islands, 3, migration) for island in range(islands)]
        knows = [own.union(*(knows[s] for s in found)) for own, found in zip(knows, sources, strict=True)]
    assert all(len(known) == islands for known in knows)


def test_a_ring() -> None:
    assert [ring(island, 4, 0, 0) for island in range(4)] == [(3,), (0,), (1,), (2,)]
    assert ring(0, 1, 0, 0) == ()


@pytest.mark.parametrize(
    ("islands", "sources"),
    [
        (1, [()]),
        (2, [(1,), (0,)]),
        (3, [(2,), (0,), (1,)]),
        (4, [(1, 2), (0, 3), (3, 0), (2, 1)]),
        (6, [(2, 3), (0, 4), (1, 5), (5, 0), (3, 1), (4, 2)]),
    ],
)
def test_a_torus(islands: int, sources: list[tuple[int, ...]]) -> None:
    assert [torus(island, islands, 0, 0) for island in range(islands)] == sources


def test_a_torus_of_sixteen_is_four_by_four() -> None:
    assert torus(0, 16, 0, 0) == (3, 12)
    assert torus(5, 16, 0, 0) == (4, 1)


@pytest.mark.parametrize("islands", [2, 3, 11, 12, 16, 64])
def test_a_star_hears_all_in_turn(islands: int) -> None:
    assert all(star(island, islands, 0, 9) == (0,) for island in range(1, islands))
    rounds = [star(0, islands, 0, migration) for migration in range(1, 11)]
    assert {source for sources in rounds for source in sources} == set(range(1, islands))
    assert max(map(len, rounds)) == -(-(islands - 1) // 10)


def test_random_is_drawn_anew_from_the_seed() -> None:
    drawn = [random(island, 16, 0, migration) for island in range(16) for migration in range(40)]
    assert {source for sources in drawn for source in sources} == set(range(16))
    assert drawn != [random(island, 16, 1, migration) for island in range(16) for migration in range(40)]
    counts = [sum(sources == (k,) for sources in drawn) for k in range(16)]
    assert 20 < min(counts) <= max(counts) < 65
