import numpy as np
import pytest
from hypothesis import given

from rayzc.formula import PRIMITIVES, Formula
from rayzc.formula.rewriting import never_negative, rewrite
from tests.formula.strategies import Columns, columns, examples, formulas, same_bits

# The primitives that the rules are about; without the others more of the formulas match one.
ALGEBRA = ("+", "-", "*", "/", "neg", "inv", "abs", "square", "tanh")


def assert_same_value(formula: Formula, table: Columns) -> None:
    rewritten = Formula(rewrite(formula.tokens))
    before, after = formula.evaluate(table), rewritten.evaluate(table)
    zero = (before == 0) & (after == 0)
    assert same_bits(np.where(zero, 0.0, before), np.where(zero, 0.0, after)), f"{formula} -> {rewritten}"
    assert rewritten.size <= formula.size
    assert rewrite(rewritten.tokens) == rewritten.tokens


@examples(800)
@given(formulas(leaves=12), columns())
def test_rewriting_keeps_the_value(formula: Formula, table: Columns) -> None:
    assert_same_value(formula, table)


@examples(1200)
@given(formulas(ALGEBRA, leaves=8), columns())
def test_rewriting_keeps_the_value_of_algebra(formula: Formula, table: Columns) -> None:
    assert_same_value(formula, table)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--x", "x"),
        ("1 + 2 * 3 + x", "7 + x"),
        ("tanh(1 / 0) * x", "x"),
        ("1 / 0 + x", "x + inv(0)"),
        ("-(2 * x)", "-2 * x"),
        ("-(2 / x)", "-2 / x"),
        ("-(x / 2)", "x / -2"),
        ("-(0 * x)", "-(0 * x)"),
        ("-(x - y)", "y - x"),
        ("-(x + 2)", "-2 - x"),
        ("x * -y", "-(x * y)"),
        ("-x * -y", "x * y"),
        ("-x / y", "-(x / y)"),
        ("x / -y", "-(x / y)"),
        ("inv(-x)", "-inv(x)"),
        ("x + -y", "x - y"),
        ("-x + y", "y - x"),
        ("x - -y", "x + y"),
        ("-x - 2", "-2 - x"),
        ("x + -2", "x - 2"),
        ("x - -2", "2 + x"),
        ("x * 1", "x"),
        ("1 * x", "x"),
        ("x / 1", "x"),
        ("x - 0", "x"),
        ("x + 0", "x"),
        ("0 - x", "-x"),
        ("x * -1", "-x"),
        ("x / -1", "-x"),
        ("1 / x", "inv(x)"),
        ("-1 / x", "-inv(x)"),
        ("x + x", "2 * x"),
        ("-x + -x", "-2 * x"),
        ("x * x", "square(x)"),
        ("square(-x)", "square(x)"),
        ("square(abs(x))", "square(x)"),
        ("abs(-x)", "abs(x)"),
        ("abs(abs(x))", "abs(x)"),
        ("abs(exp(x) + square(y))", "exp(x) + square(y)"),
        ("abs(sqrt(x))", "abs(sqrt(x))"),
        ("min(x, x)", "x"),
        ("max(x + y, y + x)", "x + y"),
        ("log(flops) + jacov", "jacov + log(flops)"),
        ("x - x", "x - x"),
        ("x / x", "x / x"),
        ("0 * x", "0 * x"),
        ("log(exp(x))", "log(exp(x))"),
    ],
)
def test_rules(text: str, expected: str) -> None:
    assert str(Formula(rewrite(Formula.parse(text).tokens))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inv(x + 0)", "inv(0 + x)"),
        ("y / (0 - x)", "y / (0 - x)"),
        ("y / tanh(-(x - z))", "y / tanh(-(x - z))"),
        ("inv(sqrt(-(x + 2)))", "inv(sqrt(-(2 + x)))"),
        ("inv(sqrt(0 - x))", "inv(sqrt(0 - x))"),
        ("inv(-(0))", "-inv(0)"),
        ("inv(x - 0)", "inv(x)"),
        ("inv(square(x + 0))", "inv(square(x))"),
        ("y / log(x + 0)", "y / log(x)"),
        ("(x + 0) / y", "x / y"),
        ("inv(inv(x + 0))", "inv(inv(0 + x))"),
    ],
)
def test_the_sign_of_a_zero_stays_where_it_matters(text: str, expected: str) -> None:
    formula = Formula.parse(text)
    assert str(Formula(rewrite(formula.tokens))) == expected
    numbers = np.array([0.0, -0.0, 1.0, -2.0])
    x, y, z = (grid.ravel() for grid in np.meshgrid(numbers, numbers, numbers))
    assert_same_value(formula, {"x": x, "y": y, "z": z})


@examples(400)
@given(formulas(leaves=5), columns())
def test_never_negative_is_never_negative(formula: Formula, table: Columns) -> None:
    if never_negative(formula.tokens):
        values = formula.evaluate(table)
        assert not np.any(np.signbit(values) & ~np.isnan(values)), str(formula)


def test_every_primitive_is_rewritten_to_itself_on_proxies() -> None:
    for name, primitive in PRIMITIVES.items():
        tokens = (name, "x", "y")[: 1 + primitive.arity]
        assert rewrite(tokens) == tokens
