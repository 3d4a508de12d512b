"""Selections: what they have in common, and epsilon-lexicase against a slow reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rayzc.evolution import SELECTIONS
from rayzc.evolution.selection import epsilon_lexicase, tournament
from tests.evolution.samples import Floats, examples

every_selection = pytest.mark.parametrize("name", list(SELECTIONS))


def population(size: int = 30, problems: int = 6, seed: int = 0) -> tuple[Floats, Floats]:
    correlations = np.random.default_rng(seed).uniform(-1, 1, (size, problems))
    return correlations, correlations.mean(axis=1)


@every_selection
@pytest.mark.parametrize(("size", "problems", "parents"), [(30, 6, 100), (1, 3, 7), (2, 1, 1), (50, 13, 3)])
def test_gives_indices_of_the_population(name: str, size: int, problems: int, parents: int) -> None:
    correlations, objectives = population(size, problems)
    before = correlations.copy()
    chosen = SELECTIONS[name](correlations, objectives, parents, np.random.default_rng(1))
    assert chosen.shape == (parents,)
    assert chosen.dtype.kind == "i"
    assert ((chosen >= 0) & (chosen < size)).all()
    assert np.array_equal(correlations, before)


@every_selection
def test_hangs_on_the_generator_alone(name: str) -> None:
    correlations, objectives = population()
    first, same, other = (
        SELECTIONS[name](correlations, objectives, 200, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


@every_selection
def test_the_best_are_chosen_more_often(name: str) -> None:
    """A population in which one is better than the other on every problem."""
    correlations = np.linspace(-0.5, 0.5, 20)[:, None] + np.zeros((20, 5))
    correlations = np.random.default_rng(0).permuted(correlations, axis=0)
    correlations.sort(axis=0)
    chosen = SELECTIONS[name](correlations, correlations.mean(axis=1), 2000, np.random.default_rng(2))
    times = np.bincount(chosen, minlength=20)
    assert times[-1] > 150
    assert times[0] < 5
    assert times[10:].sum() > 1800


@every_selection
def test_equals_are_chosen_alike(name: str) -> None:
    correlations = np.full((4, 3), 0.25)
    chosen = SELECTIONS[name](correlations, correlations.mean(axis=1), 4000, np.random.default_rng(0))
    expected = [1000] * 4 if name == "lexicase" else None
    times = np.bincount(chosen, minlength=4)
    assert times.sum() == 4000
    if expected:
        assert np.abs(times - expected).max() < 120


@every_selection
def test_an_objective_of_minus_infinity_is_no_accident(name: str) -> None:
    correlations, objectives = population()
    objectives[:] = -np.inf
    chosen = SELECTIONS[name](correlations, objectives, 50, np.random.default_rng(0))
    assert chosen.shape == (50,)


def test_tournament_is_the_best_of_five() -> None:
    objectives = np.arange(10.0)
    chosen = tournament(np.zeros((10, 2)), objectives, 20_000, np.random.default_rng(3))
    times = np.bincount(chosen, minlength=10) / 20_000
    expected = [((k + 1) / 10) ** 5 - (k / 10) ** 5 for k in range(10)]
    assert np.abs(times - expected).max() < 0.015


def test_lexicase_picks_specialists_that_tournament_never_would() -> None:
    rng = np.random.default_rng(0)
    correlations = rng.normal(0.4, 0.01, (40, 4))
    correlations[7] = [0.9, -0.9, -0.9, -0.9]  # the best on one problem, the worst on average
    objectives = correlations.mean(axis=1)
    assert objectives.argmin() == 7
    by_lexicase = epsilon_lexicase(correlations, objectives, 1000, rng)
    assert 150 < (by_lexicase == 7).sum() < 350  # the problem comes first for one parent in four
    by_tournament = tournament(correlations, objectives, 1000, rng)
    assert (by_tournament == 7).sum() == 0


def lexicase_by_hand(correlations: Floats, parents: int, rng: np.random.Generator) -> list[int]:
    """Epsilon-lexicase in plain Python, semi-dynamic, with the same draws."""
    size, problems = correlations.shape
    epsilon = []
    for problem in range(problems):
        column = correlations[:, problem].tolist()
        deviations = [abs(value - float(np.median(column))) for value in column]
        epsilon.append(float(np.median(deviations)))
    cases = rng.permuted(np.tile(np.arange(problems), (parents, 1)), axis=1)
    chance = rng.random(parents)
    chosen = []
    for parent in range(parents):
        pool = list(range(size))
        for problem in cases[parent]:
            best = max(correlations[row, problem] for row in pool)
            pool = [row for row in pool if correlations[row, problem] >= best - epsilon[problem]]
        chosen.append(pool[int(chance[parent] * len(pool))])
    return chosen


@examples(60)
@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_lexicase_equals_a_slow_reference(size: int, problems: int, digits: int, seed: int) -> None:
    correlations = np.random.default_rng(seed).uniform(-1, 1, (size, problems)).round(digits)
    ours = epsilon_lexicase(correlations, correlations.mean(axis=1), 40, np.random.default_rng(seed))
    assert ours.tolist() == lexicase_by_hand(correlations, 40, np.random.default_rng(seed))
