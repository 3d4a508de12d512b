"""What every registered algorithm keeps."""

import pytest

from rayzc.errors import SearchError
from rayzc.nas import (
    ALGORITHMS,
    EXHAUSTED,
    Domain,
    Plan,
    Search,
    SpaceDomain,
    State,
    TableDomain,
    TableScores,
    advance,
    ask,
    begin,
    run,
    tell,
)
from rayzc.spaces import SPACES
from tests.nas.samples import SMALL, plan, planted, unknown

pytestmark = pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))

TABLE = planted()
DOMAIN = TableDomain(TABLE, ("good",))
SCORES = TableScores(TABLE)


def searched(asked: Plan) -> Search:
    return run(asked, TABLE.name, DOMAIN, SCORES)


def keys(search: Search) -> list[str]:
    return [one.proposal.key for one in search.evaluations]


def test_the_same_seed_gives_the_same_trajectory_and_another_seed_another(algorithm: str) -> None:
    first = searched(plan(algorithm))

    assert searched(plan(algorithm)) == first
    assert keys(searched(plan(algorithm, seed=1))) != keys(first)


def test_it_goes_on_identically_from_its_json(algorithm: str) -> None:
    whole = searched(plan(algorithm))
    search = begin(plan(algorithm), TABLE.name, DOMAIN, SCORES)
    while not search.ended:
        # Each step has nothing but the text of the one before, and a domain that remembers nothing.
        search = advance(
            Search.from_json(search.to_json()), TableDomain(TABLE, ("good",)), TableScores(TABLE)
        )

    assert search == whole


def test_its_own_state_goes_on_identically_from_its_json(algorithm: str) -> None:
    state, proposals = ask(State(algorithm, 3, SMALL), 8, DOMAIN)
    restored = State.from_json(state.to_json())

    assert restored == state
    values = [(float(len(one.architecture)),) for one in proposals]
    assert ask(tell(restored, values), 8, DOMAIN) == ask(tell(state, values), 8, DOMAIN)


def test_no_network_is_proposed_twice_and_the_budget_is_kept(algorithm: str) -> None:
    found = keys(searched(plan(algorithm, budget=97, batch=10)))

    assert len(found) == len(set(found)) == 97


@pytest.mark.parametrize("table", [planted(40), unknown()], ids=["known space", "unknown space"])
def test_a_table_is_exhausted_and_then_the_search_is_over(algorithm: str, table: object) -> None:
    assert hasattr(table, "architectures")
    domain = TableDomain(table, ("good",))  # type: ignore[arg-type]

    search = run(plan(algorithm, budget=500), "small", domain, TableScores(table))  # type: ignore[arg-type]

    assert search.ended == EXHAUSTED
    assert sorted(keys(search)) == sorted(domain.key(one) for one in domain.architectures)


@pytest.mark.parametrize("space", sorted(SPACES))
def test_it_moves_in_every_search_space(algorithm: str, space: str) -> None:
    domain = SpaceDomain(SPACES[space])
    state = State(algorithm, 0, SMALL)
    for _ in range(8):
        state, proposals = ask(state, 5, domain)
        state = tell(state, [(float(sum(map(ord, one.key)) % 97),) for one in proposals])

    proposed = [told.proposal for told in state.history]
    assert len({one.key for one in proposed}) == len(proposed) > 20
    assert all(domain.key(one.architecture) == one.key for one in proposed)


def test_what_may_not_be_a_parent_never_is(algorithm: str) -> None:
    state = State(algorithm, 0, SMALL)
    while len(state.history) < 80:
        state, proposals = ask(state, 5, DOMAIN)
        state = tell(state, [(-float("inf") if int(one.key[1]) % 2 else 1.0,) for one in proposals])

    able = {told.proposal.key for told in state.history if told.may_be_parent}
    parents = {told.proposal.parent for told in state.history} - {None}
    assert parents <= able
    assert bool(parents) == (algorithm != "random")


def test_it_copes_with_a_search_in_which_nothing_may_be_a_parent(algorithm: str) -> None:
    state = State(algorithm, 0, SMALL)
    for _ in range(10):
        state, proposals = ask(state, 6, DOMAIN)
        state = tell(state, [(-float("inf"),)] * len(proposals))

    assert len({told.proposal.key for told in state.history}) == len(state.history) >= 40


def test_it_ends_with_several_objectives(algorithm: str) -> None:
    state = State(algorithm, 0, SMALL)
    while len(state.history) < 120:
        state, proposals = ask(state, 5, DOMAIN)
        digits = [[int(digit) for digit in one.key[1:-1].split(", ")] for one in proposals]
        state = tell(state, [(float(sum(each)), float(-max(each) - each[0])) for each in digits])

    assert len({told.proposal.key for told in state.history}) == len(state.history)


def test_it_is_told_once_what_it_asked(algorithm: str) -> None:
    state, proposals = ask(State(algorithm, 0, SMALL), 4, DOMAIN)

    with pytest.raises(
        SearchError, match="4 architectures were proposed and not told; tell their results first"
    ):
        ask(state, 1, DOMAIN)
    with pytest.raises(SearchError, match="4 architectures were proposed and 3 results told"):
        tell(state, [(1.0,)] * 3)
    with pytest.raises(SearchError, match="0 architectures were asked for"):
        ask(tell(state, [(1.0,)] * len(proposals)), 0, DOMAIN)


def test_the_size_of_batches_changes_nothing_but_where_it_must(algorithm: str) -> None:
    trajectories = [keys(searched(plan(algorithm, batch=batch))) for batch in (1, 7, 60)]

    same = trajectories[0] == trajectories[1] == trajectories[2]
    assert same == (algorithm != "regularized_evolution")


@pytest.mark.parametrize("domain", [DOMAIN, SpaceDomain(SPACES["nasbench201"])], ids=["table", "space"])
def test_it_beats_chance_on_a_smooth_landscape(algorithm: str, domain: Domain) -> None:
    """Mean over seeds of the best value, where the value is how near the architecture is to a planted one."""

    def best(name: str, seed: int) -> float:
        state = State(name, seed, SMALL)
        while len(state.history) < 80:
            state, proposals = ask(state, 5, domain)
            state = tell(state, [(value(one.key),) for one in proposals])
        return max(told.values[0] for told in state.history)

    def value(key: str) -> float:
        digits = [int(digit) for digit in key[1:-1].split(", ")]
        return -float(
            sum(
                weight * abs(digit - 2)
                for weight, digit in zip((1, 1.3, 1.7, 2.1, 2.3, 2.9), digits, strict=True)
            )
        )

    seeds = range(6)
    chance = sum(best("random", seed) for seed in seeds) / len(seeds)
    mean = sum(best(algorithm, seed) for seed in seeds) / len(seeds)
    assert mean > chance or (algorithm == "random" and mean == chance)


def test_a_state_of_another_version_is_refused(algorithm: str) -> None:
    text = State(algorithm).to_json().replace('"schema_version": 1', '"schema_version": 99')

    with pytest.raises(
        SearchError, match="the saved algorithm state has schema 99; this version of rayzc reads schema 1"
    ):
        State.from_json(text)
    with pytest.raises(SearchError, match="this JSON document is no algorithm state"):
        State.from_json("{}")
    with pytest.raises(SearchError, match="the saved algorithm state is no JSON"):
        State.from_json("{")
    with pytest.raises(SearchError, match="the saved algorithm state cannot be used: KeyError"):
        State.from_json(State(algorithm).to_json().replace('"history"', '"story"'))
