"""Text to formulas and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rayzc.errors import FormulaError
from rayzc.formula import MAX_DEPTH, MAX_LENGTH, Formula
from tests.formula.strategies import examples, formulas
from tests.steps import function_calls

LEXEMES = [*"+-*/(),. xµ", "log", "min(", "y1", "1", ".5", "2e3", "1e999", "neg(", "sqrt", "-(", "\t"]
ASCII = "formulas are ASCII letters, digits, + - * / ( ) , . and _, found"
FUNCTIONS = "log, sqrt, square, abs, neg, inv, tanh, exp, min, max"
MINUS = "\N{MINUS SIGN}"
CYRILLIC = "\N{CYRILLIC SMALL LETTER A}"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a+b*c", ("+", "a", "*", "b", "c")),
        ("a-b-c", ("-", "-", "a", "b", "c")),
        ("a/b*c", ("*", "/", "a", "b", "c")),
        ("-a*b", ("*", "neg", "a", "b")),
        ("-2*b", ("*", -2.0, "b")),
        ("a - 2", ("-", "a", 2.0)),
        ("a--2", ("-", "a", -2.0)),
        ("- 2", (-2.0,)),
        ("-0", (0.0,)),
        ("neg(x)", ("neg", "x")),
        ("neg(3)", ("neg", 3.0)),
        ("((x))", ("x",)),
        (" \tmin( a ,\r\n b ) ", ("min", "a", "b")),
        ("1", (1.0,)),
        (".5", (0.5,)),
        ("1.", (1.0,)),
        ("007.50", (7.5,)),
        ("1e-3", (0.001,)),
        ("2.5E+7", (2.5e7,)),
        ("1e-999", (0.0,)),
        ("e1", ("e1",)),
        ("logs", ("logs",)),
        ("_", ("_",)),
    ],
)
def test_grammar(text: str, tokens: tuple[str | float, ...]) -> None:
    assert Formula.parse(text).tokens == tokens


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("log(flops) + / nwot", 14, "expected a proxy, a number or '(', found '/'"),
        ("", 1, "the text is empty, expected a proxy, a number or '('"),
        ("  ", 3, "the text is empty, expected a proxy, a number or '('"),
        ("a +", 4, "expected a proxy, a number or '(', found the end"),
        ("+a", 1, "expected a proxy, a number or '(', found '+'"),
        ("()", 2, "expected a proxy, a number or '(', found ')'"),
        ("a ** b", 4, "expected a proxy, a number or '(', found '*'"),
        ("a b", 3, "expected an operator or the end, found 'b'"),
        ("2x", 2, "expected an operator or the end, found 'x'"),
        ("1.5.2", 4, "expected an operator or the end, found '.2'"),
        ("1e", 2, "expected an operator or the end, found 'e'"),
        ("a, b", 2, "expected an operator or the end, found ','"),
        ("(a", 3, "expected an operator or ')' for the '(' at position 1, found the end"),
        ("b * log(a", 10, "expected an operator or ')' for the '(' at position 8, found the end"),
        ("(a, b)", 3, "expected an operator or ')' for the '(' at position 1, found ','"),
        ("min(a b)", 7, "expected an operator or ')' for the '(' at position 4, found 'b'"),
        ("a)", 2, "unmatched ')'"),
        ("lg(x) + 1", 1, "unknown function 'lg', did you mean 'log'?"),
        (
            "3 * gibbon(x)",
            5,
            "unknown function 'gibbon', known: log, sqrt, square, abs, neg, inv, tanh, exp, min, max",
        ),
        ("log", 4, "expected '(' after log, found the end"),
        ("log x", 5, "expected '(' after log, found 'x'"),
        ("log()", 5, "log takes 1 argument, found none"),
        ("log(a, b)", 6, "log takes 1 argument, found more"),
        ("min(a)", 6, "min takes 2 arguments, found 1"),
        ("max(a, b, c)", 9, "max takes 2 arguments, found more"),
        ("min(a,)", 7, "expected a proxy, a number or '(', found ')'"),
        ("1 + 1e999", 5, "the number is too large for a float64, found '1e999'"),
        ("-1e999", 2, "the number is too large for a float64, found '1e999'"),
        (f"a {MINUS} b", 3, f"{ASCII} '{MINUS}' (U+2212 MINUS SIGN)"),
        ("a ^ 2", 3, f"{ASCII} '^'"),
        (CYRILLIC, 1, f"{ASCII} '{CYRILLIC}' (U+0430 CYRILLIC SMALL LETTER A)"),
        ("٣", 1, f"{ASCII} '٣' (U+0663 ARABIC-INDIC DIGIT THREE)"),
        ("a\x00", 2, f"{ASCII} U+0000"),
        ("a\ud800", 2, f"{ASCII} U+D800"),
    ],
)
def test_bad_text(text: str, position: int, problem: str) -> None:
    with pytest.raises(FormulaError) as error:
        Formula.parse(text)
    first, line, caret = str(error.value).split("\n")
    assert first == f"cannot parse formula at position {position}: {problem}"
    assert len(line) == 2 + len(text)
    assert caret == " " * (position + 1) + "^"


def test_the_whole_message() -> None:
    with pytest.raises(FormulaError) as error:
        Formula.parse("log(flops) + / nwot")
    assert str(error.value) == (
        "cannot parse formula at position 14: expected a proxy, a number or '(', found '/'\n"
        "  log(flops) + / nwot\n"
        "               ^"
    )


def test_long_text_is_shown_around_the_mistake() -> None:
    text = "(" + "a * b, " * 30 + ")"
    with pytest.raises(FormulaError) as error:
        Formula.parse("1 + " * 40 + "@" + " + 2" * 40)
    first, line, caret = str(error.value).split("\n")
    assert "at position 161" in first
    assert line[caret.index("^")] == "@"
    assert line.startswith("  ...")
    assert line.endswith("...")
    with pytest.raises(FormulaError, match="found ','"):
        Formula.parse(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a" * (MAX_LENGTH + 1), "cannot parse formula of 10,001 characters: at most 10,000 are allowed"),
        ("(" * 101 + "x" + ")" * 101, "more than 100 levels of parentheses and signs"),
        ("-" * 101 + "x", "more than 100 levels of parentheses and signs"),
        ("log(" * 101 + "x" + ")" * 101, "more than 100 levels of parentheses and signs"),
        ("log(" * 100 + "x" + ")" * 100, "more than 100 levels of operators"),
        ("x + " * 100 + "x", "more than 100 levels of operators"),
        ("(" * 10_000, "more than 100 levels of parentheses and signs"),
        ("x*" * 4_999 + "x", "more than 100 levels of operators"),
    ],
)
def test_absurd_depth_and_length(text: str, problem: str) -> None:
    with pytest.raises(FormulaError) as error:
        Formula.parse(text)
    assert problem in str(error.value)
    assert len(str(error.value)) < 400


def test_nesting_that_is_just_allowed() -> None:
    assert Formula.parse("(" * 100 + "x" + ")" * 100).tokens == ("x",)
    assert Formula.parse("exp(" * 99 + "x" + ")" * 99).depth == 100


@pytest.mark.parametrize("text", [None, 3, b"x", ["x"]])
def test_what_is_no_text(text: object) -> None:
    with pytest.raises(FormulaError, match="a formula is parsed from text, not from"):
        Formula.parse(text)  # type: ignore[arg-type]


def parses_or_says_why(text: str) -> None:
    try:
        formula = Formula.parse(text)
    except FormulaError as error:
        message = str(error)
    else:
        message = f"cannot parse formula, or can: {formula}"
        assert Formula.parse(str(formula)) == formula
    assert message.startswith("cannot parse formula")


@examples(500)
@given(st.text(max_size=200))
def test_any_text_parses_or_is_refused(text: str) -> None:
    parses_or_says_why(text)


@examples(1000)
@given(st.lists(st.sampled_from(LEXEMES), max_size=40).map("".join))
def test_any_lexemes_parse_or_are_refused(text: str) -> None:
    parses_or_says_why(text)


def balanced(levels: int) -> str:
    return "a" if levels == 0 else f"({balanced(levels - 1)}+{balanced(levels - 1)})"


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        ")",
        "-",
        " ",
        "a",
        "1",
        "1e1",
        "a+",
        "a*",
        "log(",
        "min(a,",
        "-(",
        ".",
        ",",
        "1.5",
        "a ",
        "µ",
        "\n",
    ],
)
def test_a_text_twice_as_long_takes_twice_the_steps(unit: str) -> None:
    def steps(length: int) -> int:
        text = (unit * length)[: length - 1] + "@"

        def refused() -> None:
            with pytest.raises(FormulaError):
                Formula.parse(text)

        return function_calls(refused)

    assert steps(MAX_LENGTH) < 2.1 * steps(MAX_LENGTH // 2) + 1000


def test_a_formula_twice_as_large_takes_twice_the_steps() -> None:
    small, large = (function_calls(lambda size=size: Formula.parse(balanced(size))) for size in (9, 10))
    assert large < 2.1 * small
    formula = Formula.parse(balanced(10))
    assert formula.size == 2**11 - 1
    assert formula.depth == 11


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
