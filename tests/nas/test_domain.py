import pickle
from collections import Counter

import numpy as np
import pytest

from rayzc.nas import Domain, SpaceDomain, TableDomain
from rayzc.spaces import SPACES
from tests.nas.samples import planted

TABLE = planted(120)


@pytest.fixture(params=["table", *sorted(SPACES)])
def domain(request: pytest.FixtureRequest) -> Domain:
    return TableDomain(TABLE, ("good",)) if request.param == "table" else SpaceDomain(SPACES[request.param])


def test_neighbours_are_other_networks_each_once(domain: Domain) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        architecture = domain.sample(rng, set())
        assert architecture is not None
        keys = [domain.key(one) for one in domain.neighbours(architecture)]
        assert len(keys) == len(set(keys)) > 0
        assert domain.key(architecture) not in keys


def test_moves_give_what_is_not_seen(domain: Domain) -> None:
    rng = np.random.default_rng(1)
    first, second = domain.sample(rng, set()), domain.sample(rng, set())
    assert first is not None
    assert second is not None
    # All around is seen but one neighbour of the first.
    around = [domain.key(one) for one in domain.neighbours(first)]
    seen = {domain.key(first), domain.key(second), *around[1:]} - {around[0]}

    assert domain.key(domain.mutate(first, rng, seen) or "") == around[0]
    for _ in range(5):
        for child in (domain.mutate(first, rng, seen), domain.cross_over(first, second, rng, seen)):
            assert child is not None
            assert domain.key(child) not in seen


def test_a_copy_in_another_process_moves_alike(domain: Domain) -> None:
    copy = pickle.loads(pickle.dumps(domain))
    ours, theirs = np.random.default_rng(2), np.random.default_rng(2)
    first = domain.sample(ours, set())

    assert first == copy.sample(theirs, set())
    assert first is not None
    assert domain.neighbours(first) == copy.neighbours(first)
    assert domain.mutate(first, ours, set()) == copy.mutate(first, theirs, set())
    assert domain.space == copy.space


def test_where_everything_near_is_seen_a_mutation_goes_further() -> None:
    domain = SpaceDomain(SPACES["nasbench201"])
    rng = np.random.default_rng(0)
    start = "(2, 2, 2, 2, 2, 2)"
    near = {domain.key(one) for one in domain.neighbours(start)}
    further = {domain.key(two) for one in domain.neighbours(start) for two in domain.neighbours(one)}

    child = domain.mutate(start, rng, near | {domain.key(start)})
    assert child is not None
    assert domain.key(child) in further

    far = domain.mutate(start, rng, near | further | {domain.key(start)})
    assert far is not None
    assert domain.key(far) not in further


def test_the_last_architecture_of_a_space_is_found_and_then_none() -> None:
    domain = SpaceDomain(SPACES["transbench101_macro"])
    space = domain.searched
    keys = {space.key(element) for element in space.enumerate()}
    last = sorted(keys)[1000]
    rng = np.random.default_rng(0)

    found = domain.sample(rng, keys - {last})
    assert found is not None
    assert domain.key(found) == last
    assert domain.mutate(found, rng, keys) is None
    assert domain.cross_over(found, found, rng, keys) is None


def test_samples_of_a_nearly_seen_space_are_even() -> None:
    domain = SpaceDomain(SPACES["transbench101_macro"])
    space = domain.searched
    keys = {space.key(element) for element in space.enumerate()}
    left = set(sorted(keys)[::1100])
    rng = np.random.default_rng(0)
    drawn = Counter(domain.key(domain.sample(rng, keys - left) or "") for _ in range(60))

    assert set(drawn) == left
    assert min(drawn.values()) > 60 / len(left) / 3
