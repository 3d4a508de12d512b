import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rayzc.formula import MAX_DEPTH, MAX_LENGTH, Formula, ranking_values
from rayzc.formula.simplify import without_outer_functions
from tests.formula.strategies import UGLY, Columns, columns, examples, formulas

# What can be stripped, over little else, so that much is.
OUTER = ("+", "-", "*", "/", "neg", "log", "sqrt", "exp", "tanh", "inv", "square")
NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 1e300, -1e300, 1e-300, 2.0**970, 1e291]),
    st.floats(-10, 10),
)


def assert_order_is_kept(formula: Formula, table: Columns) -> None:
    simple = formula.simplify()
    before, after = (ranking_values(f.evaluate(table)) for f in (formula, simple))
    lost = (before[:, None] < before[None, :]) & ~(after[:, None] < after[None, :])
    assert not lost.any(), f"{formula} -> {simple}"
    assert simple.size <= formula.size
    assert simple.simplify() == simple
    assert Formula(simple.tokens) == simple


@examples(800)
@given(formulas(leaves=12), columns())
def test_simplification_keeps_every_order(formula: Formula, table: Columns) -> None:
    assert_order_is_kept(formula, table)


@examples(1500)
@given(formulas(OUTER, leaves=4, numbers=NUMBERS), columns(rows=20))
def test_stripping_keeps_every_order(formula: Formula, table: Columns) -> None:
    assert_order_is_kept(formula, table)


@examples(1500)
@given(formulas(OUTER, leaves=4, numbers=NUMBERS), columns(rows=20))
def test_the_rank_normal_form_orders_alike_where_both_are_finite(formula: Formula, table: Columns) -> None:
    normal = formula.rank_normal_form()
    before, after = formula.evaluate(table), normal.evaluate(table)
    finite = np.isfinite(before) & np.isfinite(after)
    before, after = before[finite], after[finite]
    lost = (before[:, None] < before[None, :]) & ~(after[:, None] < after[None, :])
    assert not lost.any(), f"{formula} -> {normal}"
    assert normal.size <= formula.simplify().size
    assert normal.rank_normal_form() == normal
    assert Formula(normal.tokens) == normal


@examples(500)
@given(formulas(OUTER, leaves=4, numbers=NUMBERS), columns(rows=20))
def test_stripping_without_rewriting_orders_alike_where_both_are_finite(
    formula: Formula, table: Columns
) -> None:
    bare = Formula(without_outer_functions(formula.tokens))
    before, after = formula.evaluate(table), bare.evaluate(table)
    finite = np.isfinite(before) & np.isfinite(after)
    before, after = before[finite], after[finite]
    lost = (before[:, None] < before[None, :]) & ~(after[:, None] < after[None, :])
    assert not lost.any(), f"{formula} -> {bare}"
    assert bare.size <= formula.size


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("log(2 * tanh(x) + 1)", "x"),
        ("3 - exp(x * y)", "-(x * y)"),
        ("sqrt(x + x)", "x + x"),
        ("1 / square(x)", "-square(x)"),
        ("inv(exp(x))", "-x"),
    ],
)
def test_what_is_outside_is_stripped_and_the_rest_stays(text: str, bare: str) -> None:
    assert str(Formula(without_outer_functions(Formula.parse(text).tokens))) == bare


STRIPPED = [
    ("x", "x", "x"),
    ("log(x)", "x", "x"),
    ("sqrt(log(x))", "x", "x"),
    ("-log(x)", "-log(x)", "-x"),
    ("exp(x)", "exp(x)", "x"),
    ("tanh(x)", "tanh(x)", "x"),
    ("x + 3", "x", "x"),
    ("x + 1e300", "1e+300 + x", "x"),
    ("x - 3", "x", "x"),
    ("3 - x", "-x", "-x"),
    ("3 - -x", "x", "x"),
    ("0.5 * x", "x", "x"),
    ("x * -0.5", "-x", "-x"),
    ("2 * x", "2 * x", "x"),
    ("x * -2", "-2 * x", "-x"),
    ("-(-2 * x)", "2 * x", "x"),
    ("x / 2", "x", "x"),
    ("x / -2", "-x", "-x"),
    ("x / 0.5", "x / 0.5", "x"),
    ("x + x", "2 * x", "x"),
    ("0 * x", "0 * x", "0 * x"),
    ("x / 0", "x / 0", "x / 0"),
    ("2 / x", "2 / x", "2 / x"),
    ("inv(x)", "inv(x)", "inv(x)"),
    ("inv(exp(x))", "inv(exp(x))", "-x"),
    ("2 / square(x)", "2 / square(x)", "-square(x)"),
    ("square(x)", "square(x)", "square(x)"),
    ("square(exp(x))", "square(exp(x))", "x"),
    ("3 - log(x) / 2", "-log(x)", "-x"),
    ("log(3 + 0.5 * (flops + jacov))", "flops + jacov", "flops + jacov"),
    ("exp(2 * log(flops * 1 + jacov / nwot) + 1)", "exp(1 + 2 * log(flops + jacov / nwot))", None),
    ("max(x, 3)", "max(x, 3)", "max(x, 3)"),
    ("abs(x)", "abs(x)", "abs(x)"),
    ("log(3)", "1.0986122886681098", "1.0986122886681098"),
]


@pytest.mark.parametrize(("text", "simple", "normal"), STRIPPED)
def test_what_is_stripped(text: str, simple: str, normal: str | None) -> None:
    formula = Formula.parse(text)
    assert str(formula.simplify()) == simple
    assert str(formula.rank_normal_form()) == (normal or "flops + jacov / nwot")


@pytest.mark.parametrize("text", [text for text, _, _ in STRIPPED])
def test_what_is_stripped_keeps_the_order_of_the_worst(text: str) -> None:
    formula = Formula.parse(text)
    assert_order_is_kept(formula, dict.fromkeys((*formula.proxies, "x"), UGLY))


def test_formulas_that_differ_only_outside_have_one_normal_form() -> None:
    texts = ("log(a * b)", "2 * (b * a) + 1", "exp(a * b)", "-(-a * b)", "tanh(sqrt(a * b) / 3)", "-a * -b")
    assert {Formula.parse(text).rank_normal_form() for text in texts} == {Formula.parse("a * b")}


def test_what_was_not_finite_still_ranks_below() -> None:
    x = np.array([-1.0, 0.0, np.nan, np.inf, -np.inf, 2.0, 3.0])
    formula = Formula.parse("log(x)")
    before = ranking_values(formula.evaluate({"x": x}))
    after = ranking_values(formula.simplify().evaluate({"x": x}))
    assert before[:5].max() == -np.inf
    assert after[:5].max() < after[5] < after[6]


def test_the_limits_of_the_language_are_kept() -> None:
    deepest = Formula(("*", *("tanh",) * (MAX_DEPTH - 2), "x", "neg", "y"))
    assert deepest.depth == MAX_DEPTH
    assert deepest.simplify() == deepest.rank_normal_form() == deepest
    less = Formula(("*", *("tanh",) * (MAX_DEPTH - 3), "x", "neg", "y"))
    assert less.simplify().depth == MAX_DEPTH
    longest = Formula(("exp", "+", "*", "x" * 4_990, "y" * 4_990, "/", 1.0, 3.0))
    assert MAX_LENGTH - 10 < len(str(longest)) <= MAX_LENGTH
    assert longest.simplify() == longest
