"""What every registered algorithm keeps."""

from collections.abc import Callable

import pytest

from rayzc.measurement import Measurement
from rayzc.nas import (
    ALGORITHMS,
    Domain,
    Evaluation,
    Plan,
    Proposal,
    Search,
    SearchEnding,
    SpaceDomain,
    TableDomain,
    TableScores,
    advance,
    begin,
    run,
)
from rayzc.nas.algorithms import next_batch
from rayzc.spaces import SPACES
from tests.nas.samples import SMALL, plan, planted, unknown

pytestmark = pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))

TABLE = planted()
DOMAIN = TableDomain(TABLE, ("good",))
SCORES = TableScores(TABLE)


def searched(asked: Plan) -> Search:
    return run(asked, TABLE.name, DOMAIN, SCORES)


def evolved(
    algorithm: str,
    domain: Domain,
    count: int,
    values: Callable[[Proposal], tuple[float, ...]],
    seed: int = 0,
    batch: int = 5,
) -> list[Evaluation]:
    """The history of an algorithm on these values, of at least `count` architectures."""
    history: list[Evaluation] = []
    while len(history) < count:
        proposals = next_batch(algorithm, history, batch, domain, seed, SMALL)
        assert proposals
        for proposal in proposals:
            objectives = values(proposal)
            history.append(Evaluation(proposal, Measurement({}), objectives[0], objectives, met=True))
    return history


def keys(search: Search) -> list[str]:
    return [evaluation.proposal.key for evaluation in search.evaluations]


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
            Search.from_text(search.to_text()), TableDomain(TABLE, ("good",)), TableScores(TABLE)
        )

    assert search == whole


def test_a_batch_follows_from_the_history_alone(algorithm: str) -> None:
    history = evolved(algorithm, DOMAIN, 60, lambda proposal: (float(sum(map(ord, proposal.key)) % 97),))
    again = TableDomain(TABLE, ("good",))
    for length in range(0, 60, 7):
        batch = next_batch(algorithm, history[:length], 4, DOMAIN, 3, SMALL)
        assert batch == next_batch(algorithm, tuple(history[:length]), 4, again, 3, SMALL)
        assert len(batch) <= 4


def test_no_network_is_proposed_twice_and_the_budget_is_kept(algorithm: str) -> None:
    found = keys(searched(plan(algorithm, budget=97, batch=10)))

    assert len(found) == len(set(found)) == 97


@pytest.mark.parametrize("table", [planted(40), unknown()], ids=["known space", "unknown space"])
def test_a_table_is_exhausted_and_then_the_search_is_over(algorithm: str, table: object) -> None:
    assert hasattr(table, "architectures")
    domain = TableDomain(table, ("good",))  # type: ignore[arg-type]

    search = run(plan(algorithm, budget=500), "small", domain, TableScores(table))  # type: ignore[arg-type]

    assert search.ended is SearchEnding.EXHAUSTED
    assert sorted(keys(search)) == sorted(map(domain.key, domain.architectures))


@pytest.mark.parametrize("space", sorted(SPACES))
def test_it_moves_in_every_search_space(algorithm: str, space: str) -> None:
    domain = SpaceDomain(SPACES[space])
    history = evolved(algorithm, domain, 24, lambda proposal: (float(sum(map(ord, proposal.key)) % 97),))

    proposed = [evaluation.proposal for evaluation in history]
    assert len({proposal.key for proposal in proposed}) == len(proposed) > 20
    assert all(domain.key(proposal.architecture) == proposal.key for proposal in proposed)


def test_what_may_not_be_a_parent_never_is(algorithm: str) -> None:
    history = evolved(
        algorithm, DOMAIN, 80, lambda proposal: (-float("inf") if int(proposal.key[1]) % 2 else 1.0,)
    )

    able = {evaluation.proposal.key for evaluation in history if evaluation.eligible}
    parents = {evaluation.proposal.parent for evaluation in history} - {None}
    assert parents <= able
    assert bool(parents) == (algorithm != "random")


def test_it_copes_with_a_search_in_which_nothing_may_be_a_parent(algorithm: str) -> None:
    history = evolved(algorithm, DOMAIN, 40, lambda proposal: (-float("inf"),), batch=6)

    assert len({evaluation.proposal.key for evaluation in history}) == len(history) >= 40


def test_it_ends_with_several_objectives(algorithm: str) -> None:
    def values(proposal: Proposal) -> tuple[float, ...]:
        digits = [int(digit) for digit in proposal.key[1:-1].split(", ")]
        return float(sum(digits)), float(-max(digits) - digits[0])

    history = evolved(algorithm, DOMAIN, 120, values)

    assert len({evaluation.proposal.key for evaluation in history}) == len(history)


def test_the_size_of_batches_changes_nothing_but_where_it_must(algorithm: str) -> None:
    trajectories = [keys(searched(plan(algorithm, batch=batch))) for batch in (1, 7, 60)]

    same = trajectories[0] == trajectories[1] == trajectories[2]
    assert same == (algorithm != "regularized_evolution")


@pytest.mark.parametrize("domain", [DOMAIN, SpaceDomain(SPACES["nasbench201"])], ids=["table", "space"])
def test_it_beats_chance_on_a_smooth_landscape(algorithm: str, domain: Domain) -> None:
    """Mean over seeds of the best value, where the value is how near the architecture is to a planted one."""

    def best(name: str, seed: int) -> float:
        history = evolved(name, domain, 80, lambda proposal: (value(proposal.key),), seed)
        return max(evaluation.score for evaluation in history)

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
