"""Kendall's tau against scipy, on everything that could go wrong in a sort or a count."""

import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rayzc.evolution import kendall_tau
from rayzc.evolution.kendall import KendallTarget
from rayzc.evolution.ranking import Ranking
from rayzc.formula import ranking_values
from tests.evolution.samples import UGLY, Floats, examples, offsets_of, values

SIZES = (2, 3, 7, 8, 9, 24, 25, 63, 64, 65, 500, 1023, 1024, 1025, 2048, 4096, 4097, 15_000, 20_000)


def peer(x: Floats, y: Floats) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(stats.kendalltau(x, y).statistic)


def assert_equal(x: Floats, y: Floats) -> None:
    ours, theirs = kendall_tau(x, y), peer(x, y)
    assert (math.isnan(ours) and math.isnan(theirs)) or abs(ours - theirs) <= 1e-12


def taus(rows: Floats, accuracies: Floats, lengths: list[int]) -> Floats:
    """Taus of many problems at once; rows in any order."""
    offsets = offsets_of(lengths)
    order = np.concatenate(
        [low + np.argsort(accuracies[low:high], kind="stable") for low, high in bounds(lengths)]
    )
    ranking = Ranking(offsets)
    ranking.sort(rows[order])
    out = np.full(len(lengths), 9.0)
    KendallTarget.of(accuracies[order], offsets).taus(ranking, out)
    return out


def bounds(lengths: list[int]) -> list[tuple[int, int]]:
    offsets = offsets_of(lengths).tolist()
    return list(pairwise(offsets))


@examples(250)
@given(st.data())
def test_equals_scipy_on_any_values(data: st.DataObject) -> None:
    rows = data.draw(st.integers(2, 70))
    assert_equal(data.draw(values(rows)), data.draw(values(rows)))


@examples(40)
@given(st.integers(2, 3000), st.integers(0, 2**32 - 1), st.integers(1, 400), st.integers(1, 400))
def test_equals_scipy_with_many_ties(rows: int, seed: int, x_values: int, y_values: int) -> None:
    rng = np.random.default_rng(seed)
    assert_equal(rng.integers(0, x_values, rows) / 7, -rng.integers(0, y_values, rows) / 3)


@pytest.mark.parametrize("rows", SIZES)
def test_equals_scipy_at_every_size(rows: int) -> None:
    rng = np.random.default_rng(rows)
    x = rng.normal(size=rows)
    y = x + rng.normal(size=rows)
    for a, b in (
        (x, y),  # no ties
        (np.round(x, 1), np.round(y, 1)),  # ties everywhere
        (np.round(x, 1), y),
        (x, np.round(y)),
        (np.exp(50 * x), np.sign(y) * np.exp(100 * np.abs(y))),  # from tiny to 1e300
        (rng.choice(UGLY[~np.isnan(UGLY)], rows), y),
    ):
        assert_equal(a, b)


@pytest.mark.parametrize("rows", SIZES)
def test_equals_scipy_where_leading_bits_agree(rows: int) -> None:
    """A single far value leaves all others with equal leading bits: one long run for the merge sort."""
    rng = np.random.default_rng(rows)
    neighbours = 1.0 + rng.permutation(rows) * 2.0**-52
    y = rng.permutation(rows).astype(float)
    for far in (1e300, -1e300, 5e-324, np.inf):
        x = neighbours.copy()
        x[rng.integers(rows)] = far
        assert_equal(x, y)
        tied = 1.0 + np.floor(rng.permutation(rows) / 3) * 2.0**-52
        tied[rng.integers(rows)] = far
        assert_equal(-tied, np.floor(y / 5))


@pytest.mark.parametrize("rows", [23, 24, 25, 26, 48, 49, 97, 1000])
@pytest.mark.parametrize("start", [1.0, -1.0, 5e-324, -2.2e-308, 1e300])
def test_equals_scipy_on_neighbouring_floats(rows: int, start: float) -> None:
    rng = np.random.default_rng(rows)
    line = [start]
    for _ in range(rows - 1):
        line.append(float(np.nextafter(line[-1], np.inf)))
    x = np.array([*line, 1e308, -1e308])
    assert_equal(rng.permutation(x), rng.permutation(len(x)).astype(float))


@pytest.mark.parametrize("rows", [2, 9, 1024, 1025, 20_000])
def test_ends_of_the_scale(rows: int) -> None:
    x = np.arange(rows) * 0.1 - 3
    pairs = [(x, x, 1), (x, -x, -1), (x[::-1], np.exp(x / rows), -1)]
    ties = np.floor(np.arange(rows) / 2)
    if rows > 2:
        pairs += [(ties, ties, 1), (ties, -ties, -1)]
    for a, b, tau in pairs:
        assert kendall_tau(a, b) == pytest.approx(tau, abs=1e-15)
        assert abs(kendall_tau(a, b)) <= 1.0


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        ([1.0, 2.0, 3.0], [7.0, 7.0, 7.0]),
        ([0.0, -0.0], [1.0, 2.0]),
        ([np.inf, np.inf], [1.0, 2.0]),
        ([1.0], [2.0]),
        ([], []),
        ([1.0, np.nan, 2.0], [1.0, 2.0, 3.0]),
        ([1.0, 2.0, 3.0], [np.inf, np.nan, 3.0]),
    ],
)
def test_no_tau_where_scipy_has_none(x: list[float], y: list[float]) -> None:
    assert math.isnan(kendall_tau(x, y))
    assert math.isnan(peer(np.array(x), np.array(y)))


def test_infinities_are_values_like_others() -> None:
    assert kendall_tau([np.inf, 1.0, -np.inf, 1e300], [4, 2, 1, 3]) == 1.0
    assert kendall_tau([-np.inf, -np.inf, 1.0], [1, 2, 3]) == pytest.approx(math.sqrt(2 / 3), abs=1e-15)


@pytest.mark.parametrize(
    "x", [[1e308, 1e308, 1.0, 2.0], [np.inf, -np.inf, 1.0, 2.0], [np.nan, 1.0, 2.0, 3.0]]
)
def test_extremes_cause_no_warning(x: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_equal(np.array(x), np.arange(4.0))


def test_integers_beyond_float64_are_told_apart() -> None:
    x = np.array([2**53, 2**53 + 1, 2**53 + 2, 2**53 + 3])
    assert kendall_tau(x, [1, 2, 3, 4]) == 1.0
    assert kendall_tau([1, 2, 3, 4], x.astype(np.uint64)) == 1.0
    assert kendall_tau([True, False, True], [3, 1, 2]) == pytest.approx(
        peer(np.array([1, 0, 1.0]), np.array([3, 1, 2.0]))
    )


def test_takes_what_numpy_takes_and_leaves_it_alone() -> None:
    x = np.arange(20.0)[::-2]
    y = np.arange(10, dtype=np.float32)
    y.flags.writeable = False
    before = x.copy()
    assert kendall_tau(x, y) == pytest.approx(-1.0, abs=1e-15)
    assert np.array_equal(x, before)


@pytest.mark.parametrize(
    ("x", "y", "shapes"),
    [([1, 2], [1, 2, 3], r"\(2,\) and \(3,\)"), ([[1, 2]], [[1, 2]], r"\(1, 2\) and \(1, 2\)")],
)
def test_other_shapes_are_refused(x: list[int], y: list[int], shapes: str) -> None:
    with pytest.raises(ValueError, match=r"x and y need one shape \(n,\), not " + shapes):
        kendall_tau(x, y)


@examples(100)
@given(st.data())
def test_many_problems_equal_one_by_one(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(2, 40), min_size=1, max_size=5))
    rows = data.draw(values(sum(lengths), nan=True))
    accuracies = data.draw(values(sum(lengths)))
    out = taus(rows, accuracies, lengths)
    for (low, high), tau in zip(bounds(lengths), out, strict=True):
        theirs = peer(ranking_values(rows[low:high]), accuracies[low:high])
        assert abs(tau - (0.0 if math.isnan(theirs) else theirs)) <= 1e-12


@pytest.mark.parametrize("lengths", [[2, 20_000, 2], [1024, 2, 1025], [4097, 3, 700], [2] * 50])
def test_small_problems_beside_large_ones(lengths: list[int]) -> None:
    rng = np.random.default_rng(len(lengths))
    accuracies = np.round(rng.normal(size=sum(lengths)), 2)
    rows = accuracies + rng.normal(size=sum(lengths))
    rows[rng.random(len(rows)) < 0.05] = np.nan
    for scale in (1.0, 1e-300):
        out = taus(rows * scale, accuracies, lengths)
        expected = [
            peer(ranking_values(rows[low:high]), accuracies[low:high]) for low, high in bounds(lengths)
        ]
        assert np.abs(out - np.nan_to_num(expected)).max() <= 1e-12


def test_what_is_not_finite_ranks_last_as_one_tie() -> None:
    accuracies = np.arange(6.0)
    rows = np.array([np.nan, -np.inf, np.inf, -1e308, 0.0, 1.0])
    assert taus(rows, accuracies, [6])[0] == pytest.approx(
        peer(np.array([0, 0, 0, 1, 2, 3.0]), accuracies), abs=1e-15
    )


def test_a_ranking_is_free_of_the_one_before() -> None:
    rng = np.random.default_rng(5)
    lengths = [30, 1500, 7]
    accuracies = rng.normal(size=sum(lengths))
    offsets = offsets_of(lengths)
    order = np.concatenate([low + np.argsort(accuracies[low:high]) for low, high in bounds(lengths)])
    ranking, target = Ranking(offsets), KendallTarget.of(accuracies[order], offsets)
    for trial in range(4):
        rows = rng.normal(size=sum(lengths)).round(trial)
        ranking.sort(rows[order])
        out = np.empty(3)
        target.taus(ranking, out)
        assert np.array_equal(out, taus(rows, accuracies, lengths))
