"""The top of a ranking: definitions written out on small examples, ties at their worst."""

import numpy as np
import pytest

from rayzc.evolution.top import Top, best_first, mean_top, ndcg, top_of

ACCURACY = np.arange(100.0)


def test_a_perfect_ranking() -> None:
    assert top_of(ACCURACY, ACCURACY) == Top(0.0, 0.01, 0.01, 1.0, 1.0)


def test_the_worst_ranking() -> None:
    top = top_of(-ACCURACY, ACCURACY)
    assert (top.regret, top.first, top.best_of_ten, top.precision) == (99.0, 1.0, 0.91, 0.0)
    assert top.ndcg < 0.05


def test_measures_of_a_ranking_that_puts_a_mediocre_architecture_first() -> None:
    values = ACCURACY.copy()
    values[39] = 1000.0
    top = top_of(values, ACCURACY)
    assert (top.regret, top.first, top.best_of_ten, top.precision) == (60.0, 0.61, 0.01, 0.8)


def test_ties_count_at_their_worst() -> None:
    assert best_first(np.array([1.0, 2.0, 2.0]), np.array([5.0, 7.0, 6.0])).tolist() == [2, 1, 0]
    constant = top_of(np.zeros(100), ACCURACY)
    assert constant == top_of(-ACCURACY, ACCURACY)


def test_what_is_not_finite_ranks_last() -> None:
    values = np.array([np.nan, np.inf, 0.0, -np.inf])
    assert best_first(values, np.array([3.0, 2.0, 1.0, 4.0]))[0] == 2


def test_equal_accuracies_share_the_best_rank() -> None:
    assert top_of(np.array([2.0, 1.0, 0.0]), np.array([9.0, 9.0, 1.0])).first == pytest.approx(1 / 3)


def test_ndcg_is_its_definition() -> None:
    ranked = np.array([2.0, 3.0, 1.0])  # of three, all count
    gains = 2.0 ** np.array([0.5, 1.0, 0.0]) - 1.0
    discount = 1.0 / np.log2([2.0, 3.0, 4.0])
    best = 2.0 ** np.array([1.0, 0.5, 0.0]) - 1.0
    assert ndcg(ranked) == pytest.approx((gains * discount).sum() / (best * discount).sum())
    assert ndcg(np.array([3.0, 3.0])) == 1.0


def test_a_random_order_has_about_what_the_documentation_says() -> None:
    rng = np.random.default_rng(0)
    assert np.mean([ndcg(rng.permutation(np.arange(1000.0))) for _ in range(200)]) == pytest.approx(
        0.455, abs=0.02
    )


def test_the_mean_over_problems() -> None:
    assert mean_top([Top(0, 0, 0, 0, 0), Top(2, 1, 0.5, 1, 1)]) == Top(1.0, 0.5, 0.25, 0.5, 0.5)


def test_nothing_to_rank() -> None:
    with pytest.raises(ValueError, match="no architectures"):
        top_of(np.empty(0), np.empty(0))
