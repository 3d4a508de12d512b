"""The rank correlations against scipy, and the contract that each of them keeps."""

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rayzc.evolution import CORRELATIONS, Tables
from rayzc.evolution.ranking import Ranking
from rayzc.formula import ranking_values
from tests.evolution.samples import Floats, examples, offsets_of, values

SCIPY: dict[str, Callable[[Floats, Floats], float]] = {
    "kendall": lambda x, y: stats.kendalltau(x, y).statistic,
    "spearman": lambda x, y: stats.spearmanr(x, y).statistic,
    "weighted_kendall": lambda x, y: stats.weightedtau(x, y).statistic,
}
every_correlation = pytest.mark.parametrize("name", list(CORRELATIONS))


def peer(name: str, x: Floats, y: Floats) -> float:
    """The correlation by scipy; 0 where there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = float(SCIPY[name](ranking_values(x), y))
    return 0.0 if math.isnan(value) else value


def correlations(name: str, parts: list[tuple[Floats, Floats]]) -> Floats:
    """The correlations of many problems at once, each given as values and accuracies in any order."""
    orders = [np.argsort(accuracy, kind="stable") for _, accuracy in parts]
    accuracy = np.concatenate([y[order] for (_, y), order in zip(parts, orders, strict=True)])
    rows = np.concatenate([x[order] for (x, _), order in zip(parts, orders, strict=True)])
    offsets = offsets_of([len(order) for order in orders])
    names = tuple(f"problem-{p}" for p in range(len(parts)))
    tables = Tables(names, (), np.empty((0, len(rows))), accuracy, offsets)
    ranking = Ranking(offsets)
    ranking.sort(rows)
    return CORRELATIONS[name](tables)(ranking)


def test_every_correlation_has_a_peer() -> None:
    assert set(SCIPY) == set(CORRELATIONS)


@every_correlation
@examples(80)
@given(st.data())
def test_equals_scipy_on_any_values(name: str, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(2, 40), min_size=1, max_size=4))
    finite = [data.draw(values(rows)) for rows in lengths]
    parts = [(data.draw(values(rows, nan=True)), y) for rows, y in zip(lengths, finite, strict=True)]
    expected = [peer(name, x, y) for x, y in parts]
    assert np.abs(correlations(name, parts) - expected).max() <= 1e-12


@every_correlation
@pytest.mark.parametrize("x_values", [2, 7, 10**6])
@pytest.mark.parametrize("y_values", [2, 7, 10**6])
def test_equals_scipy_with_ties_on_both_sides(name: str, x_values: int, y_values: int) -> None:
    rng = np.random.default_rng(x_values + y_values)
    parts = []
    for rows in (2, 3, 50, 1023, 1025, 3000):
        x = rng.integers(0, x_values, rows) / 3
        parts.append((x, np.floor(x) + rng.integers(0, y_values, rows)))
    expected = [peer(name, x, y) for x, y in parts]
    assert np.abs(correlations(name, parts) - expected).max() <= 1e-12


@every_correlation
def test_equals_scipy_on_many_rows(name: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=20_000)
    y = x + rng.normal(size=20_000)
    parts = [(x[:2], y[:2]), (x, y), (np.round(x, 1), np.round(y, 1)), (-x[:4097], y[:4097])]
    expected = [peer(name, x, y) for x, y in parts]
    assert np.abs(correlations(name, parts) - expected).max() <= 1e-12


@every_correlation
def test_a_constant_formula_or_accuracy_has_none(name: str) -> None:
    x = np.arange(9.0)
    parts = [(np.ones(9), x), (x, np.ones(9)), (np.full(9, np.nan), x), (np.array([np.inf, -np.inf]), x[:2])]
    *without, perfect = correlations(name, [*parts, (x, x)]).tolist()
    assert without == [0, 0, 0, 0]
    assert perfect == pytest.approx(1, abs=1e-15)


@every_correlation
@examples(40)
@given(st.data())
def test_bounded_and_blind_to_increasing_functions(name: str, data: st.DataObject) -> None:
    rows = data.draw(st.integers(2, 30))
    x = data.draw(st.lists(st.integers(-40, 40), min_size=rows, max_size=rows).map(np.array)) / 8.0
    y = data.draw(values(rows))
    plain, *others = (
        correlations(name, [(f, y)])[0]
        for f in (x, np.exp(x), x**3, 3 * x - 7, np.arctan(x), np.ldexp(x, 900))
    )
    assert -1.0 <= plain <= 1.0
    assert others == [plain] * len(others)


@every_correlation
@pytest.mark.parametrize("rows", [2, 3, 10, 1025])
def test_the_ends_of_the_scale(name: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    y = rng.permutation(rows) + 0.5
    tied = np.floor(y / 2)
    assert correlations(name, [(y, y), (-y, y)]) == pytest.approx([1, -1], abs=1e-12)
    if rows > 2:
        assert correlations(name, [(tied, tied), (-tied, tied)]) == pytest.approx([1, -1], abs=1e-12)


@pytest.mark.parametrize("name", ["kendall", "spearman"])
def test_the_sign_turns_with_the_ranking(name: str) -> None:
    rng = np.random.default_rng(4)
    x, y = np.round(rng.normal(size=(2, 300)), 1)
    there, back = correlations(name, [(x + y, y), (-x - y, y)])
    assert there > 0.5
    assert back == pytest.approx(-there, abs=1e-15)


def test_weighted_kendall_looks_at_the_top() -> None:
    y = np.arange(100.0)
    wrong_at_the_top, wrong_at_the_bottom = y.copy(), y.copy()
    wrong_at_the_top[-5:] = wrong_at_the_top[-5:][::-1]
    wrong_at_the_bottom[:5] = wrong_at_the_bottom[:5][::-1]
    parts = [(wrong_at_the_top, y), (wrong_at_the_bottom, y)]
    top, bottom = correlations("weighted_kendall", parts)
    assert top < bottom - 0.03
    assert np.ptp(correlations("kendall", parts)) == 0.0


@every_correlation
def test_a_correlation_keeps_nothing_of_the_ranking_before(name: str, small_tables: Tables) -> None:
    correlate = CORRELATIONS[name](small_tables)
    ranking = Ranking(small_tables.offsets)
    answers = []
    for proxy in (0, 1, 0):
        ranking.sort(small_tables.scores[proxy])
        answers.append(correlate(ranking))
    assert np.array_equal(answers[0], answers[2])
    assert not np.array_equal(answers[0], answers[1])
