import numpy as np
import pytest

from rayzc.nas import (
    Baseline,
    Comparison,
    Results,
    Search,
    SearchOutcome,
    TableDomain,
    TableScores,
    Truth,
    compare,
    outcome_of,
    run,
    tabulated,
)
from rayzc.nas.outcome import SHORTLIST
from rayzc.problems import Problem
from rayzc.spaces import SPACES
from tests.nas.samples import SMALL, parsed, planted, solve, unknown

TABLE = planted(200)


@pytest.fixture(scope="module")
def solved() -> tuple[SearchOutcome, tuple[Comparison, ...]]:
    asked = parsed("good", algorithm="genetic", budget=60, seed=3, settings=SMALL)
    return solve(tabulated(TABLE, asked), asked)


def test_the_shortlist_has_the_ten_best_distinct_networks(solved: tuple[SearchOutcome, object]) -> None:
    outcome, _ = solved
    scores = [one.score for one in outcome.shortlist]

    assert len({one.key for one in outcome.shortlist}) == SHORTLIST
    assert scores == sorted(scores, reverse=True)
    assert outcome.found == outcome.shortlist[0]
    assert outcome.evaluated == 60
    assert outcome.front == ()
    assert outcome.seed == 3


def test_a_finding_can_be_read_drawn_and_built(solved: tuple[SearchOutcome, object]) -> None:
    found = solved[0].found
    space = SPACES["nasbench201"]
    architecture = space.parse(found.encoding)

    assert found.description == space.describe(architecture)
    assert found.drawing.startswith("nasbench201 cell\n0 input\n")
    assert found.key == space.key(architecture)
    assert found.proxies == {"good": found.score}


def test_the_truth_is_that_of_the_table(solved: tuple[SearchOutcome, object]) -> None:
    found = solved[0].found
    accuracy = TABLE.accuracy[TABLE.architectures.index(found.encoding)]
    standing = found.standing

    assert standing is not None
    assert standing.accuracy == accuracy
    assert standing.rank == 1 + (TABLE.accuracy > accuracy).sum()
    assert standing.candidates == standing.all == len(TABLE)
    assert standing.top == 100 * standing.rank / len(TABLE)
    assert standing.regret == TABLE.accuracy.max() - accuracy


def test_ranks_among_candidates_and_among_all_are_told_apart() -> None:
    scores = np.array([[1.0], [np.nan], [2.0], [3.0]])
    accuracy = np.array([90.0, 95.0, 80.0, 90.0])
    problem = Problem("own", "t", ("a", "b", "c", "d"), ("x",), scores, accuracy, np.arange(4))
    first = Truth(problem, ("x",)).standing("a")

    assert first is not None
    assert (first.rank, first.candidates, first.regret) == (1, 3, 0.0)
    assert (first.rank_of_all, first.all, first.regret_of_all) == (2, 4, 5.0)
    unseen = Truth(problem, ("x",)).standing("b")
    assert unseen is not None
    assert (unseen.rank, unseen.regret) == (1, 0.0)
    assert Truth(problem).standing("nowhere") is None


def test_the_trajectory_climbs_to_the_found_one(solved: tuple[SearchOutcome, object]) -> None:
    outcome, _ = solved
    scores = [step.score for step in outcome.trajectory]

    assert scores == sorted(set(scores))
    assert scores[-1] == outcome.found.score
    assert outcome.trajectory[0].evaluated == 1
    assert outcome.found.standing is not None
    assert outcome.trajectory[-1].accuracy == outcome.found.standing.accuracy


def test_a_space_that_nobody_knows_has_no_drawing() -> None:
    asked = parsed("good", budget=30, settings=SMALL)
    outcome, _ = solve(tabulated(unknown(), asked), asked)

    assert (outcome.found.description, outcome.found.drawing) == ("", "")
    assert outcome.found.standing is not None
    assert outcome.found.standing.rank == 1


def test_other_ways_are_gone_on_the_same_candidates(
    solved: tuple[SearchOutcome, tuple[Comparison, ...]],
) -> None:
    ways = {one.way: one for one in solved[1]}

    assert {one.baseline for one in solved[1]} == set(Baseline)
    assert set(ways) == {"random search", "random ten", "formula, all candidates"} | {
        f"{way} {proxy}" for way in ("search by", "ten best by") for proxy in ("cost", "good", "noise")
    }
    assert all(one.evaluated == 60 for way, one in ways.items() if "search" in way)
    assert ways["random ten"].evaluated == 10
    assert ways["formula, all candidates"].found.rank == 1
    assert ways["ten best by good"].shortlist.rank == 1
    assert ways["ten best by cost"].proxy == "cost"
    assert all(one.seed == 3 and one.problem == TABLE.name for one in ways.values())
    assert all(one.shortlist.rank <= one.found.rank for one in ways.values())


def test_ten_best_by_a_proxy_are_the_ten_best_of_all_candidates() -> None:
    asked = parsed("good", budget=20, settings=SMALL)
    domain, truth = TableDomain(TABLE, ("good",)), Truth(TABLE, ("good",))
    noise = TABLE.column("noise")[domain.rows]
    ten = domain.rows[np.argsort(-noise)[:10]]
    (by_noise,) = (
        one for one in compare(asked, domain, truth, ("noise",)) if one.baseline is Baseline.PROXY_TEN
    )

    assert by_noise.shortlist.accuracy == TABLE.accuracy[ten].max()
    assert by_noise.found.accuracy == TABLE.accuracy[ten[0]]


def test_the_constraints_hold_for_the_others_too() -> None:
    asked = parsed("good", constraints=("cost <= 8",), budget=80, settings=SMALL)
    domain, truth = TableDomain(TABLE, asked.proxies), Truth(TABLE, asked.proxies)
    cheap = TABLE.accuracy[TABLE.column("cost") <= 8].max()

    for one in compare(asked, domain, truth):
        assert one.found.accuracy <= cheap
        assert one.shortlist.accuracy <= cheap


def test_a_proxy_that_is_never_finite_has_no_search() -> None:
    scores = np.array(TABLE.scores)
    scores[:, 2] = np.inf
    problem = Problem(
        TABLE.space, TABLE.task, TABLE.architectures, TABLE.proxies, scores, TABLE.accuracy, TABLE.groups
    )
    asked = parsed("good", budget=20, settings=SMALL)
    ways = {one.way for one in compare(asked, TableDomain(problem, ("good",)), Truth(problem))}

    assert "search by noise" not in ways
    assert "search by cost" in ways


def test_the_outcome_follows_from_a_restored_search() -> None:
    asked = parsed("good", minimise=("cost",), algorithm="genetic", budget=40, settings=SMALL)
    search = run(asked, TABLE.name, TableDomain(TABLE, asked.proxies), TableScores(TABLE))
    outcome = outcome_of(search, TABLE.space, Truth(TABLE))

    assert outcome_of(Search.from_text(search.to_text()), TABLE.space, Truth(TABLE)) == outcome
    assert Results.from_text(Results((outcome,)).to_text()).outcomes == (outcome,)
