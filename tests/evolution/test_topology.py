"""Who receives from whom."""

import pytest

from rayzc.evolution import TOPOLOGIES
from rayzc.evolution.topology import random, ring, star, torus
from rayzc.testing import check_topology


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_contract(name: str) -> None:
    """Sources are other islands, each once, and what an island finds reaches all others in time."""
    check_topology(TOPOLOGIES[name])


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
