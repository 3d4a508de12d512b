import pytest
from hypothesis import given

from rayzc.formula import MAX_DEPTH, Formula
from tests.formula.strategies import examples, formulas


@examples(1000)
@given(formulas(leaves=16))
def test_what_is_printed_parses_back(formula: Formula) -> None:
    assert Formula.parse(str(formula)) == formula
    assert Formula.parse(str(formula).replace(" ", "")) == formula


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (("+", "log", "flops", "/", "jacov", "nwot"), "log(flops) + jacov / nwot"),
        ((2.0,), "2"),
        ((-3.0,), "-3"),
        ((0.1,), "0.1"),
        ((1e-05,), "1e-05"),
        ((1e16,), "1e+16"),
        ((123456789012345.0,), "123456789012345"),
        ((5e-324,), "5e-324"),
        (("neg", 3.0), "-(3)"),
        (("neg", 0.0), "-(0)"),
        (("neg", -3.0), "--3"),
        (("neg", "neg", 3.0), "--(3)"),
        (("neg", "neg", "x"), "--x"),
        (("neg", "log", "x"), "-log(x)"),
        (("neg", "+", "a", "b"), "-(a + b)"),
        (("neg", "*", 2.0, "b"), "-(2 * b)"),
        (("*", "neg", 2.0, "b"), "-(2) * b"),
        (("*", "neg", "a", "b"), "-a * b"),
        (("*", -1.0, "x"), "-1 * x"),
        (("*", "x", -1.0), "x * -1"),
        (("/", "a", "neg", "b"), "a / -b"),
        (("-", "a", -2.0), "a - -2"),
        (("-", "a", "neg", "b"), "a - -b"),
        (("-", "a", "-", "b", "c"), "a - (b - c)"),
        (("-", "-", "a", "b", "c"), "a - b - c"),
        (("+", "a", "+", "b", "c"), "a + (b + c)"),
        (("/", "a", "*", "b", "c"), "a / (b * c)"),
        (("/", "*", "a", "b", "c"), "a * b / c"),
        (("*", "+", "a", "b", "-", "c", "d"), "(a + b) * (c - d)"),
        (("min", "+", "a", "b", "max", "c", -1.0), "min(a + b, max(c, -1))"),
        (("square", "neg", "x"), "square(-x)"),
    ],
)
def test_one_way_to_write_it(tokens: tuple[str | float, ...], text: str) -> None:
    assert str(Formula(tokens)) == text
    assert Formula.parse(text).tokens == tokens


@pytest.mark.parametrize(
    "tokens",
    [
        ("log",) * (MAX_DEPTH - 1) + ("x",),
        ("neg",) * (MAX_DEPTH - 1) + (3.0,),
        ("-", "a") * (MAX_DEPTH - 1) + ("x",),
        ("/", "a", "neg") * (MAX_DEPTH // 2 - 1) + ("x",),
        ("+",) * (MAX_DEPTH - 1) + ("x",) * MAX_DEPTH,
        ("min", "a") * (MAX_DEPTH - 1) + ("x",),
        ("square", "+", "a") * (MAX_DEPTH // 2 - 1) + ("x",),
    ],
)
def test_the_deepest_formulas_print_and_parse_back(tokens: tuple[str | float, ...]) -> None:
    formula = Formula(tokens)
    assert formula.depth >= MAX_DEPTH - 1
    assert Formula.parse(str(formula)) == formula
