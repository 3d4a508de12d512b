"""Rankings against numpy's sort, and their hashes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rayzc.evolution.ranking import Ranking
from rayzc.formula import ranking_values
from tests.evolution.samples import UGLY, Floats, examples, offsets_of, values


def expected(rows: Floats, lengths: list[int]) -> tuple[list[int], list[int]]:
    """Order and lead by numpy: rows by value, then by number."""
    order: list[int] = []
    lead: list[int] = []
    offsets = offsets_of(lengths).tolist()
    for low, high in pairwise(offsets):
        own = ranking_values(rows[low:high])
        places = np.lexsort((np.arange(high - low), own))
        order += places.tolist()
        for k, row in enumerate(places):
            tied = k and own[row] == own[places[k - 1]]
            lead.append(lead[-1] if tied else k)
    return order, lead


def ranked(rows: Floats, lengths: list[int]) -> Ranking:
    ranking = Ranking(offsets_of(lengths))
    ranking.sort(rows)
    return ranking


def digest(rows: Floats, lengths: list[int]) -> int:
    return ranked(rows, lengths).digest()


@examples(200)
@given(st.data())
def test_order_and_ties_equal_numpy(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    rows = data.draw(values(sum(lengths), nan=True))
    ranking = ranked(rows, lengths)
    assert (ranking.order.tolist(), ranking.lead.tolist()) == expected(rows, lengths)


@examples(200)
@given(st.data())
def test_ties_are_those_of_the_problem_that_has_most(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    rows = data.draw(values(sum(lengths), nan=True))
    ranking = ranked(rows, lengths)
    shares, apart = [0.0], []
    for low, high in pairwise(offsets_of(lengths).tolist()):
        own = ranking_values(rows[low:high])
        tied = sum(int(times) * (int(times) - 1) // 2 for times in np.unique(own, return_counts=True)[1])
        apart.append(tied)
        shares.append(tied / max(1, (high - low) * (high - low - 1) // 2))
    assert ranking.ties(np.zeros(len(lengths), np.int64)) == pytest.approx(max(shares), abs=1e-15)
    assert ranking.ties(np.array(apart)) == 0.0


@pytest.mark.parametrize("rows", [1, 2, 24, 25, 49, 255, 257, 1025, 4095, 4096, 4097, 20_000])
@pytest.mark.parametrize(
    "kind", ["normal", "ties", "ugly", "bits", "neighbours", "sorted", "reversed", "runs"]
)
def test_order_and_ties_equal_numpy_at_every_size(rows: int, kind: str) -> None:
    rng = np.random.default_rng(rows)
    x = {
        "normal": lambda: rng.normal(size=rows),
        "ties": lambda: rng.integers(-5, 5, rows) / 4,
        "ugly": lambda: rng.choice(UGLY, rows),
        "bits": lambda: rng.integers(0, 2**64, rows, dtype=np.uint64).view(np.float64),
        "neighbours": lambda: np.append(rng.permutation(rows - 1) * 5e-324, 1e300),
        "sorted": lambda: np.arange(rows) * 1e-3,
        "reversed": lambda: -np.arange(rows) * 1e290,
        # Runs of equal leading bits of all lengths around the one where the merge sort begins.
        "runs": lambda: (
            np.exp2(rng.integers(-1000, 1000, rows // 30 + 1).repeat(30)[:rows])
            * (1 + rng.integers(0, 9, rows) * 2.0**-52)
        ),
    }[kind]()
    ranking = ranked(x, [rows])
    assert (ranking.order.tolist(), ranking.lead.tolist()) == expected(x, [rows])


def test_small_problems_beside_a_large_one() -> None:
    rng = np.random.default_rng(0)
    lengths = [2, 20_000, 1, 3]
    x = rng.normal(size=sum(lengths)).round(3)
    ranking = ranked(x, lengths)
    assert (ranking.order.tolist(), ranking.lead.tolist()) == expected(x, lengths)


def test_values_are_left_alone() -> None:
    x = np.array([3.0, np.nan, -0.0, 0.0, np.inf])
    before = x.view(np.int64).copy()
    x.flags.writeable = False
    assert ranked(x, [5]).order.tolist() == [1, 4, 2, 3, 0]
    assert np.array_equal(x.view(np.int64), before)


@examples(150)
@given(st.data())
def test_equal_digests_are_equal_rankings(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    few = st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan]), min_size=sum(lengths), max_size=sum(lengths))
    x, y = np.array(data.draw(few)), np.array(data.draw(few))
    assert (digest(x, lengths) == digest(y, lengths)) == (expected(x, lengths) == expected(y, lengths))


@examples(60)
@given(st.integers(0, 2**32 - 1))
def test_increasing_functions_keep_the_digest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = [30, 2, 50]
    x = rng.integers(-30, 30, sum(lengths)) / 8.0
    x[rng.integers(len(x))] = np.nan
    same = {digest(y, lengths) for y in (x, np.exp(x), 2 * x + 1, x**3, np.arctan(x), np.ldexp(x, -1000))}
    assert len(same) == 1


def test_problems_are_ranked_apart() -> None:
    lengths = [3, 3]
    x = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0])
    shifted = x + np.array([5.0, 5.0, 5.0, 0.0, 0.0, 0.0])
    assert digest(x, lengths) == digest(shifted, lengths)
    assert digest(x, [6]) != digest(shifted, [6])


def test_any_swap_and_any_tie_changes_the_digest() -> None:
    lengths = [40, 60]
    x = np.concatenate([np.arange(40.0), np.arange(60.0)])
    seen = {digest(x, lengths)}
    changes = 0
    for low, high in ((0, 40), (40, 100)):
        for i in range(low, high):
            for j in range(i + 1, high):
                swapped = x.copy()
                swapped[[i, j]] = swapped[[j, i]]
                seen.add(digest(swapped, lengths))
                changes += 1
        for i in range(low, high - 1):
            tied = x.copy()
            tied[i + 1] = tied[i]
            seen.add(digest(tied, lengths))
            changes += 1
    lost = x.copy()
    lost[5] = np.inf  # not finite: comes first instead of sixth
    seen.add(digest(lost, lengths))
    assert len(seen) == changes + 2


def test_ranks_that_are_not_finite_are_one_tie_in_the_digest() -> None:
    x = np.array([1.0, np.nan, 2.0, np.inf])
    assert digest(x, [4]) == digest(np.array([1.0, -np.inf, 2.0, np.nan]), [4])
    assert digest(x, [4]) != digest(np.array([1.0, -2.0, 2.0, -1.0]), [4])


def test_the_digest_hangs_on_nothing_but_the_ranking() -> None:
    """Workers on other machines, with other versions of numpy, must agree."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=700)
    ranking = ranked(x, [300, 400])
    ranking.sort(rng.normal(size=700))
    ranking.sort(x)
    assert ranking.digest() == digest(x.copy(), [300, 400])
    assert digest(np.array([3.0, 1.0, 2.0]), [3]) == 3780561361635696591
