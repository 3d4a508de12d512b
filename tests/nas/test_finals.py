"""The networks that are trained at the end of a run, and what is said of them."""

from dataclasses import replace

import numpy as np
import pytest

from rayzc.errors import SearchError
from rayzc.nas.finals import Choice, Final, Finalist, found_finalists, random_networks
from rayzc.problems import Problem
from rayzc.spaces import SPACES
from tests.cli.displays import samples

NETWORKS = tuple(f"({number}, 1, 2, 3, 4, 2)" for number in range(3))
REPEATS = np.array([[0.5, 0.7], [0.9, 0.9], [0.1, 0.3]])


def table() -> Problem:
    return Problem(
        *("nasbench201", "digits", NETWORKS, (), np.empty((3, 0))),
        REPEATS.mean(axis=1),
        repeats=REPEATS,
    )


def final(*found: float, trainings: int = 2) -> Final:
    finalists = (
        Finalist(Choice.FOUND, "x", found),
        Finalist(Choice.BY_PROXY, "y", (0.5, 0.6)),
        Finalist(Choice.RANDOM, "z"),
    )
    return Final.of(table(), 20, 19, "-flops", finalists, trainings)


def test_where_the_found_network_stands() -> None:
    ended = final(0.6, 0.8)
    assert ended.suite == pytest.approx((0.9, 0.6, 0.2))
    assert ended.top == pytest.approx(100 / 3)
    assert ended.accuracy(Choice.FOUND) == pytest.approx(0.7)
    assert ended.beats(Choice.BY_PROXY)
    assert not final(0.1, 0.2).beats(Choice.BY_PROXY)


def test_what_was_not_trained_is_not_compared() -> None:
    assert final(0.6).beats(Choice.RANDOM) is None
    assert final().beats(Choice.BY_PROXY) is None
    assert final().top is None
    assert final().best(Choice.FOUND) is None


def test_the_noise_is_that_of_the_suites_trainings() -> None:
    """The deviations of two trainings are .2 / sqrt 2, 0 and .2 / sqrt 2; a mean of two has half the variance."""
    assert final(0.6).noise == pytest.approx(np.sqrt((0.02 + 0 + 0.02) / 3 / 2))
    assert final(0.6, trainings=1).noise == pytest.approx(np.sqrt((0.02 + 0 + 0.02) / 3))
    assert final(0.6, trainings=1).suite == pytest.approx((0.9, 0.5, 0.1))


def test_the_best_of_several_counts() -> None:
    finalists = (Finalist(Choice.FOUND, "x", (0.2,)), Finalist(Choice.FOUND, "y", (0.4,)))
    ended = Final.of(table(), 20, 20, "flops", finalists, 1)
    assert ended.best(Choice.FOUND) == finalists[1]


def test_documents_come_back_and_others_are_refused() -> None:
    ended = final(0.6, 0.8)
    assert Final.from_document(ended.to_document(), "here") == ended
    with pytest.raises(SearchError, match=r"^here"):
        Final.from_document(ended.to_document() | {"more": 1}, "here")


def test_the_best_of_the_shortlists_are_trained() -> None:
    results = samples.results()
    problem = results.problems[0]
    scores = {
        found.key: found.score
        for outcome in results.outcomes
        if outcome.problem == problem
        for found in outcome.shortlist
    }
    chosen = found_finalists(results, problem, 2)
    assert [each.architecture for each in chosen] == sorted(scores, key=lambda key: -scores[key])[:2]
    assert {each.choice for each in chosen} == {Choice.FOUND}


def test_random_networks_are_distinct_repeatable_and_each_problems_own() -> None:
    space = SPACES["nasbench201"]
    drawn = random_networks("nasbench201/digits", 30, 0)
    assert len({space.key(space.parse(text)) for text in drawn}) == 30
    assert random_networks("nasbench201/digits", 40, 0)[:30] == drawn
    assert random_networks("nasbench201/digits", 30, 1) != drawn
    assert random_networks("nasbench201/rotation", 30, 0) != drawn


def test_a_suite_with_one_training_has_no_noise() -> None:
    alone = replace(table(), repeats=REPEATS[:, :1], accuracy=REPEATS[:, 0])
    assert Final.of(alone, 1, 1, "flops", (), 1).noise == 0
