"""Objectives, to the last digit."""

import numpy as np
import pytest

from rayzc.evolution import OBJECTIVES
from rayzc.evolution.objectives import TOP, objective_of
from rayzc.options import Settings
from rayzc.testing import check_objective

TAUS = np.array([0.5, -0.25, 0.75, 0.0, 1.0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mean", 0.4),
        ("min", -0.25),
        ("mean-std", 0.4 - np.sqrt(0.215)),  # squares of .1, -.65, .35, -.4, .6: mean .215
        ("cvar", -0.125),  # the worst two of five
    ],
)
def test_exact_values(name: str, value: float) -> None:
    assert OBJECTIVES[name](TAUS) == pytest.approx(value, abs=1e-15)
    assert OBJECTIVES[name](TAUS[::-1].copy()) == pytest.approx(value, abs=1e-15)


def test_these_are_all() -> None:
    assert list(OBJECTIVES) == ["mean", "min", "mean-std", "cvar"]
    assert list(TOP) == ["top", "mean+top"]


def test_objectives_of_the_top() -> None:
    tops = np.array([0.5, 0.25, 0.75, 1.0, 1.0])
    assert objective_of(Settings(objective="top"))(TAUS, tops) == pytest.approx(0.7)
    assert objective_of(Settings(objective="mean+top"))(TAUS, tops) == pytest.approx(0.55)


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_contract(name: str) -> None:
    """What holds of every objective; and of ours: equal correlations give that value, and none exceeds the mean."""
    check_objective(OBJECTIVES[name])
    rng = np.random.default_rng(0)
    for problems in (1, 2, 13):
        taus = rng.uniform(-1, 1, problems)
        taus.flags.writeable = False
        value = OBJECTIVES[name](taus)
        assert type(value) is float
        assert value <= taus.mean() + 1e-15
        assert OBJECTIVES[name](taus + 0.1) > value
        assert OBJECTIVES[name](np.full(problems, 0.375)) == 0.375


@pytest.mark.parametrize(("problems", "worst"), [(1, 1), (4, 1), (5, 2), (8, 2), (13, 4)])
def test_cvar_takes_the_worst_quarter(problems: int, worst: int) -> None:
    taus = np.arange(problems)[::-1] / 16
    assert OBJECTIVES["cvar"](taus) == np.arange(worst).mean() / 16
