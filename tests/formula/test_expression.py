import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from numpy.typing import NDArray

from rayzc.errors import FormulaError
from rayzc.formula import PRIMITIVES, Formula, ranking_values
from tests.formula.strategies import Columns, columns, examples, formulas, same_bits

EXAMPLE = ("+", "log", "flops", "/", "jacov", "nwot")

REFERENCE: dict[str, Callable[..., Any]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "log": np.log,
    "sqrt": np.sqrt,
    "square": lambda x: x * x,
    "abs": np.fabs,
    "neg": lambda x: -x,
    "inv": lambda x: 1.0 / x,
    "tanh": np.tanh,
    "exp": np.exp,
    "min": np.minimum,
    "max": np.maximum,
}


def reference(tokens: list[str | float], table: Columns) -> NDArray[np.float64]:
    """Evaluates by plain recursion, consuming the tokens from the front."""
    token = tokens.pop(0)
    if isinstance(token, float):
        return np.full(len(next(iter(table.values()))), token)
    if token in table:
        return table[token]
    operands = [reference(tokens, table) for _ in range(PRIMITIVES[token].arity)]
    return np.asarray(REFERENCE[token](*operands))


def test_the_reference_covers_all_primitives() -> None:
    assert REFERENCE.keys() == PRIMITIVES.keys()


@examples(600)
@given(formulas(), columns())
def test_evaluation_equals_plain_numpy_bit_for_bit(formula: Formula, table: Columns) -> None:
    with np.errstate(all="ignore"):
        expected = reference(list(formula.tokens), table)
    assert same_bits(formula.evaluate(table), expected), str(formula)


def test_evaluation_gives_a_fresh_array_of_the_columns_shape() -> None:
    table = {"flops": np.arange(6.0).reshape(2, 3), "jacov": np.ones((2, 3))}
    for text in ("flops", "3", "flops + jacov", "min(1, 2)"):
        result = Formula.parse(text).evaluate(table)
        assert result.shape == (2, 3)
        assert result.dtype == np.float64
        result[...] = np.nan
        assert np.all(np.isfinite(table["flops"]))


def test_evaluation_takes_whatever_is_numbers() -> None:
    formula = Formula.parse("flops / 2")
    assert formula.evaluate({"flops": [1, 2]}).tolist() == [0.5, 1.0]
    assert formula.evaluate({"flops": np.array([1, 2], dtype=np.int8)}).tolist() == [0.5, 1.0]
    assert formula.evaluate({"flops": np.arange(6.0)[::2]}).tolist() == [0.0, 1.0, 2.0]
    assert formula.evaluate({"flops": 3.0}).shape == ()


class Frame:
    """A DataFrame in little: a column by its name, ``in`` and ``keys`` as pandas has them, and no truth value."""

    def __init__(self, **columns: list[float]) -> None:
        self.columns_by_name = columns

    def keys(self) -> tuple[str, ...]:
        return tuple(self.columns_by_name)

    def __getitem__(self, name: str) -> list[float]:
        return self.columns_by_name[name]

    def __bool__(self) -> bool:
        raise ValueError("The truth value of a DataFrame is ambiguous.")


def test_evaluation_takes_tables() -> None:
    formula = Formula.parse("flops / nwot")
    columns = {"flops": [1.0, 4.0], "nwot": [2.0, 2.0], "name": ["a", "b"]}
    for table in (Frame(**columns), pa.table(columns), pa.table(columns).to_batches()[0]):
        assert formula.evaluate(table).tolist() == [0.5, 2.0]
        with pytest.raises(FormulaError, match=r"^the formula needs proxy 'flop'; did you mean 'flops'\?$"):
            Formula.parse("flop").evaluate(table)
    assert Formula.parse("3").evaluate(pa.table({"flops": [1, 2]})).tolist() == [3.0, 3.0]
    assert formula.evaluate(pa.table({"flops": pa.array([]), "nwot": pa.array([])})).shape == (0,)
    with pytest.raises(FormulaError, match=r"^cannot evaluate flops / nwot: no columns were given$"):
        formula.evaluate(pa.table({}))
    with pytest.raises(
        FormulaError, match="evaluated on columns by the names of proxies, not on ndarray; give a dict"
    ):
        formula.evaluate(np.ones((2, 2)))


def test_evaluation_warns_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    Formula.parse("log(flops) + 1 / flops + exp(1e4) * flops").evaluate({"flops": [0.0, -1.0]})
    assert not recwarn.list


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"flop": [1], "nwot": [2]}, "the formula needs proxy 'flops'; did you mean 'flop'?"),
        ({}, "cannot evaluate flops + jacov: no columns were given"),
        ({"flops": [1, 2], "jacov": [1]}, "columns differ in shape: 'flops' has (2,), 'jacov' has (1,)"),
        ({"flops": ["a"], "jacov": [1]}, "the column of proxy 'flops' is not all numbers"),
        ({"flops": [[1], [1, 2]], "jacov": [1]}, "the column of proxy 'flops' is not all numbers"),
    ],
)
def test_columns_that_do_not_fit(table: Any, message: str) -> None:
    with pytest.raises(FormulaError) as error:
        Formula.parse("flops + jacov").evaluate(table)
    assert str(error.value).startswith(message)


def test_what_is_not_finite_ranks_last() -> None:
    values = ranking_values(np.array([1.0, np.nan, np.inf, -np.inf, -1e308]))
    assert values.tolist() == [1.0, -np.inf, -np.inf, -np.inf, -1e308]
    assert ranking_values([1, 2]).dtype == np.float64


def test_size_depth_and_proxies() -> None:
    formula = Formula(EXAMPLE)
    assert formula.proxies == ("flops", "jacov", "nwot")
    assert formula.size == formula.complexity == 6
    assert formula.depth == 3
    assert Formula.parse("flops").depth == Formula.parse("3").depth == 1
    assert Formula.parse("3").proxies == ()
    assert Formula.parse("b + a * b").proxies == ("a", "b")


def test_a_formula_is_a_value() -> None:
    formula = Formula(EXAMPLE)
    same = Formula.parse("log(flops) + jacov / nwot")
    assert formula == same == Formula.trusted(EXAMPLE)
    assert hash(formula) == hash(same)
    assert formula != Formula.parse("log(flops) + jacov * nwot")
    assert pickle.loads(pickle.dumps(formula)) == copy.deepcopy(formula) == formula
    assert repr(formula) == "Formula.parse('log(flops) + jacov / nwot')"
    with pytest.raises(AttributeError):
        formula.tokens = ("flops",)  # type: ignore[misc]


def test_constants_have_one_form() -> None:
    formula = Formula(("+", np.float32(0.5), "*", 2, -0.0))  # type: ignore[arg-type]
    assert formula.tokens == ("+", 0.5, "*", 2.0, 0.0)
    assert [type(token) for token in formula.tokens] == [str, float, str, float, float]
    assert str(formula) == "0.5 + 2 * 0"
    assert Formula(["flops"]).tokens == ("flops",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ("flops", "a formula is a tuple of tokens in prefix order; use Formula.parse for text"),
        (None, "a formula is a tuple of tokens in prefix order; use Formula.parse for text"),
        ((), "not a formula: it is incomplete after 0 tokens (operands missing: 1)"),
        (("+", "flops"), "not a formula: it is incomplete after 2 tokens (operands missing: 1)"),
        (("flops", "nwot"), "not a formula: it is complete before token 1, 'nwot'"),
        (("log", "a b"), "token 1, 'a b', is neither a primitive nor the name of a proxy"),
        (("flöps",), "token 0, 'flöps', is neither a primitive nor the name of a proxy"),
        (("a\n",), "token 0, 'a\\n', is neither a primitive nor the name of a proxy"),
        ((True,), "token 0, True, is neither a name nor a number"),
        ((1j,), "token 0, 1j, is neither a name nor a number"),
        ((np.complex128(1),), "token 0, np.complex128(1+0j), is neither a name nor a number"),
        ((None,), "token 0, None, is neither a name nor a number"),
        (("neg", np.nan), "token 1, nan, is not finite, as constants must be"),
        (("neg", -np.inf), "token 1, -inf, is not finite, as constants must be"),
        ((10**400,), "token 0, inf, is not finite, as constants must be"),
        (("neg",) * 100 + ("x",), "the formula has 101 levels; at most 100 are allowed"),
        (("x" * 10_001,), "the formula has 10,001 characters; at most 10,000 are allowed"),
    ],
)
def test_tokens_that_are_not_a_formula(tokens: Any, message: str) -> None:
    with pytest.raises(FormulaError) as error:
        Formula(tokens)
    assert str(error.value) == message


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from rayzc.formula import Formula; Formula.parse('log(flops)').simplify().to_json();"
        "print([name for name in ('sympy', 'torch', 'numba', 'ray', 'scipy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
