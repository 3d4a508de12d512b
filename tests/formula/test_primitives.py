"""The contract of the registry: each primitive is total, and everything that handles formulas knows it."""

import numpy as np
import pytest

from rayzc.formula import PRIMITIVES, Formula
from rayzc.testing import check_primitive
from tests.formula.strategies import UGLY

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("name", PRIMITIVES)
def test_contract(name: str) -> None:
    """The contract of a primitive, and that everything that handles formulas knows it."""
    primitive = PRIMITIVES[name]
    check_primitive(primitive)
    operands = ("x", "y")[: primitive.arity]
    formula = Formula((name, *operands))
    assert primitive.name == name
    assert Formula.parse(str(formula)) == formula
    x, y = (grid.ravel() for grid in np.meshgrid(UGLY, UGLY))
    values = formula.evaluate({"x": x, "y": y})
    assert values.shape == x.shape
    out = np.empty_like(x)
    with np.errstate(all="ignore"):
        primitive.function(*(x, y)[: primitive.arity], out=out)
    np.testing.assert_array_equal(out, values)
    assert formula.simplify().size <= formula.size
    assert formula.to_latex()
    assert {str(symbol) for symbol in formula.to_sympy().free_symbols} == set(operands)
    assert formula.to_callable(np)(x=x, y=y).shape == x.shape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e308 + 1e308", INF),
        ("exp(800) - exp(800)", NAN),
        ("0 * exp(800)", NAN),
        ("1 / 0", INF),
        ("-1 / 0", -INF),
        ("1 / -(0)", -INF),
        ("0 / 0", NAN),
        ("log(0)", -INF),
        ("log(-(0))", -INF),
        ("log(-1)", NAN),
        ("sqrt(0)", 0.0),
        ("sqrt(-1)", NAN),
        ("square(1e200)", INF),
        ("abs(-3)", 3.0),
        ("-(3)", -3.0),
        ("inv(0)", INF),
        ("inv(-(0))", -INF),
        ("inv(exp(800))", 0.0),
        ("inv(5e-324)", INF),
        ("tanh(20)", 1.0),
        ("tanh(exp(800))", 1.0),
        ("exp(710)", INF),
        ("exp(-746)", 0.0),
        ("exp(log(0))", 0.0),
        ("min(1, 0 / 0)", NAN),
        ("max(0 / 0, 1)", NAN),
        ("min(-exp(800), 1)", -INF),
    ],
)
def test_definitions(text: str, expected: float) -> None:
    np.testing.assert_array_equal(Formula.parse(text).evaluate({"x": [0.0]}), [expected])
