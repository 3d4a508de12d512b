"""The contract tests that ship with rayzc find what breaks a contract, and say what it is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rayzc.formula import Primitive
from rayzc.testing import check_objective, check_primitive, check_topology


def plus_sum(x: Any, out: Any = None) -> Any:
    return np.add(x, np.sum(x[np.isfinite(x)]), out=out)


def overwriting(x: Any, out: Any = None) -> Any:
    result = np.sin(x, out=out)
    x[...] = 0.0
    return result


@pytest.mark.parametrize(
    ("primitive", "message"),
    [
        (Primitive("sum", 3, np.add, "Sum."), "has arity 3; it must be 1 or 2"),
        (Primitive("!", 1, np.sin, "Sine.", infix=True), "is infix, which takes two operands"),
        (Primitive("sin", 1, np.sin, "Sine"), "must be a sentence"),
        (Primitive("sign", 1, lambda x, out=None: np.signbit(x), "Sign."), "must return a float64 array"),
        (
            Primitive("first", 1, lambda x, out=None: x[:1], "First."),
            r"changes the shape \(400,\) into \(1,\)",
        ),
        (
            Primitive("sin", 1, lambda x, out=None: np.sin(x), "Sine."),
            "writes other values into out= than it returns",
        ),
        (
            Primitive("shifted", 1, plus_sum, "Plus the sum."),
            "other values for an array than for its elements",
        ),
        (Primitive("sin", 1, overwriting, "Sine."), "changes its operands"),
        (
            Primitive("sin", 1, np.sin, "Sine.", increasing=True),
            "marked as increasing, but decreases somewhere",
        ),
        (Primitive("floor", 1, np.floor, "Floor.", increasing=True), "but is constant between 0.5 and 5"),
        (
            Primitive("hypot", 2, np.hypot, "Length.", increasing=True),
            "only a function of one operand can be",
        ),
    ],
)
def test_primitives_that_break_the_contract(primitive: Primitive, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_primitive(primitive)


def test_primitives_that_keep_it() -> None:
    check_primitive(Primitive("sin", 1, np.sin, "Sine."))
    check_primitive(Primitive("arctan", 1, np.arctan, "Arc tangent.", increasing=True))
    check_primitive(Primitive("hypot", 2, np.hypot, "Length."))


def pairs(island: int, islands: int, seed: int, migration: int) -> tuple[int, ...]:
    other = island ^ 1
    return () if islands == 1 else (other if other < islands else 0,)


@pytest.mark.parametrize(
    ("topology", "message"),
    [
        (
            lambda island, islands, seed, migration: (island,),
            "the island is a source of its own for island 0 of 1",
        ),
        (lambda island, islands, seed, migration: [], "must return a tuple"),
        (lambda island, islands, seed, migration: (), "must name a source for island 0 of 2"),
        (
            lambda island, islands, seed, migration: ((island + 1) % islands,) * 2 if islands > 1 else (),
            "a source is named twice",
        ),
        (lambda island, islands, seed, migration: (islands,), "not the number of an island"),
        (pairs, "of 3 islands, some never receive what others found"),
    ],
)
def test_topologies_that_break_the_contract(topology: Callable[..., Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_topology(topology)


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (lambda taus: np.float32(taus.mean()), "must return a float, not"),
        (lambda taus: int(taus.sum() > 0), "must return a float, not"),
        (lambda taus: float(-taus.mean()), "the objective falls from"),
        (lambda taus: taus.sort(), "fails on the read-only correlations"),
        (lambda taus: float(np.random.default_rng().random()), "changes from call to call"),
    ],
)
def test_objectives_that_break_the_contract(objective: Callable[..., Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_objective(objective)


def test_objectives_that_keep_it() -> None:
    check_objective(lambda taus: float(min(taus.min(), 0.5)))
    check_objective(lambda taus: float("nan"))
