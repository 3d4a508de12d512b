import json
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rayzc.errors import FormulaError
from rayzc.formula import PRIMITIVES, Formula, fold
from rayzc.formula.export import SCHEMA_VERSION, read_json
from tests.formula import latex_reader
from tests.formula.strategies import NAMES, UGLY, Columns, columns, examples, formulas, same_bits

# Torch has its own log, exp, tanh and sqrt, off by the last bit, and another -0 in min and max.
OWN = ("log", "exp", "tanh", "sqrt", "min", "max")
EXACT = tuple(name for name in PRIMITIVES if name not in OWN)
REALISTIC = (
    "log(flops) + jacov / nwot",
    "2.5 * tanh(jacov) - sqrt(abs(grad_norm)) * nwot",
    "exp(-flops) / (1 + exp(jacov))",
    "log(1e-05 + square(grad_norm)) * inv(flops)",
    "max(min(flops, 3), log(abs(jacov)))",
)


def assert_close(actual: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    assert actual.dtype == np.float64
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=0, equal_nan=True)


def tensors(table: Columns) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(column) for name, column in table.items()}


@examples(200)
@given(formulas(), columns())
def test_numpy_callable_equals_evaluation(formula: Formula, table: Columns) -> None:
    assert same_bits(formula.to_callable(np)(**table), formula.evaluate(table))


@examples(200)
@given(formulas(EXACT), columns())
def test_torch_callable_of_exact_primitives_equals_evaluation(formula: Formula, table: Columns) -> None:
    assert same_bits(formula.to_callable(torch)(**tensors(table)).numpy(), formula.evaluate(table))


@pytest.mark.parametrize("name", PRIMITIVES)
def test_torch_callable_agrees_on_ugly_input(name: str) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(UGLY, UGLY))
    formula = Formula((name, "x", "y")[: 1 + PRIMITIVES[name].arity])
    values = formula.to_callable(torch)(x=torch.from_numpy(x), y=torch.from_numpy(y))
    assert_close(values.numpy(), formula.evaluate({"x": x, "y": y}))


@pytest.mark.parametrize("text", REALISTIC)
def test_torch_callable_of_realistic_formulas(text: str) -> None:
    generator = np.random.default_rng(0)
    table = {name: generator.normal(size=500) * 5 for name in NAMES}
    formula = Formula.parse(text)
    assert_close(formula.to_callable(torch)(**tensors(table)).numpy(), formula.evaluate(table))


@pytest.mark.parametrize("module", [np, torch])
def test_callables_take_what_they_are_given(module: ModuleType) -> None:
    score = Formula.parse("flops / 2").to_callable(module)
    assert score(flops=3, unused=None).item() == 1.5
    assert score(flops=[1, 2]).tolist() == [0.5, 1.0]
    assert score(flops=module.asarray([1, 2])).tolist() == [0.5, 1.0]
    single = score(flops=module.asarray([1.0], dtype=module.float32))
    assert single.dtype == module.float32
    assert Formula.parse("1 + 2").to_callable(module)(flops=module.ones(3)).tolist() == [3.0, 3.0, 3.0]
    assert Formula.parse("flops").to_callable(module).__doc__ == "flops"


@pytest.mark.parametrize("module", [np, torch])
def test_callables_name_the_proxy_that_is_missing(module: ModuleType) -> None:
    with pytest.raises(FormulaError, match=r"^the formula needs proxy 'flops'; did you mean 'flop'\?$"):
        Formula.parse("flops + 1").to_callable(module)(flop=module.ones(2))
    with pytest.raises(FormulaError, match=r"^cannot evaluate 3: no columns were given$"):
        Formula.parse("3").to_callable(module)()


def test_callable_leaves_its_input_alone() -> None:
    column = np.array([1.0, -0.0])
    result = Formula.parse("flops").to_callable(np)(flops=column)
    result[0] = 7
    assert column.tolist() == [1.0, 0.0]
    assert np.signbit(result[1])


def test_gradients_flow_through_the_torch_callable() -> None:
    flops = torch.tensor([1.0, 4.0], dtype=torch.float64, requires_grad=True)
    Formula.parse("3 * log(flops)").to_callable(torch)(flops=flops).sum().backward()
    assert flops.grad is not None
    assert flops.grad.tolist() == [3.0, 0.75]


def is_tame(formula: Formula, table: Columns, low: float = 1e-6, high: float = 1e25) -> bool:
    """Whether no step is so small or large that rounding alone makes a difference that looks like a mistake."""
    steps: list[NDArray[np.float64]] = []

    def node(name: str, *operands: NDArray[np.float64]) -> NDArray[np.float64]:
        steps.append(PRIMITIVES[name].function(*operands))
        return steps[-1]

    with np.errstate(all="ignore"):
        fold(formula.tokens, lambda leaf: table[leaf] if isinstance(leaf, str) else np.full(4, leaf), node)
    return all(np.all((np.abs(step) > low) & (np.abs(step) < high)) for step in steps)


@examples(150)
@given(formulas(leaves=5, numbers=st.sampled_from([0.5, 1.0, 2.0, 3.0, 0.3])), st.integers(0, 2**32 - 1))
def test_sympy_computes_the_same(formula: Formula, seed: int) -> None:
    generator = np.random.default_rng(seed)
    table = {name: generator.uniform(0.25, 8, 4) for name in NAMES}
    assume(is_tame(formula, table, 0.05, 50))
    function = sympy.lambdify([sympy.Symbol(name) for name in NAMES], formula.to_sympy(), "numpy")
    actual = np.broadcast_to(function(*(table[name] for name in NAMES)), 4).astype(float)
    np.testing.assert_allclose(actual, formula.evaluate(table), rtol=1e-9)


def test_sympy_keeps_the_structure() -> None:
    flops, jacov, nwot = sympy.symbols("flops jacov nwot")
    expression = Formula.parse("log(flops) + jacov / nwot").to_sympy()
    assert expression.doit() == sympy.log(flops) + jacov / nwot
    assert Formula.parse("flops - flops").to_sympy() != 0
    assert Formula.parse("flops - flops").to_sympy().doit() == 0
    assert Formula.parse("sqrt(square(flops))").to_sympy().doit() == sympy.sqrt(flops**2)
    assert Formula.parse("max(flops, 2)").to_sympy() == sympy.Max(flops, 2)
    assert Formula.parse("1 / 0").to_sympy().args[1] == sympy.Pow(0, -1, evaluate=False)
    assert Formula.parse("1e+300").to_sympy() == sympy.Float(1e300)


def test_sympy_builds_names_that_mean_something_to_sympify() -> None:
    for name in ("E", "I", "pi", "beta", "S", "lambda", "__import__"):
        assert Formula((name,)).to_sympy() == sympy.Symbol(name)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        (
            "log(flops) + jacov / nwot",
            r"\log{\left(\mathrm{flops} \right)} + \frac{\mathrm{jacov}}{\mathrm{nwot}}",
        ),
        ("grad_norm", r"\mathrm{grad\_norm}"),
        ("sqrt(abs(x))", r"\sqrt{\left|{\mathrm{x}}\right|}"),
        ("inv(x)", r"\frac{1}{\mathrm{x}}"),
        ("square(x)", r"\mathrm{x}^{2}"),
        ("square(log(x))", r"\log{\left(\mathrm{x} \right)}^{2}"),
        ("square(x + 1)", r"\left(1 + \mathrm{x}\right)^{2}"),
        ("square(x / y)", r"\left(\frac{\mathrm{x}}{\mathrm{y}}\right)^{2}"),
        ("square(1e200)", r"1.0 \cdot 10^{200} \cdot 1.0 \cdot 10^{200}"),
        ("tanh(x) * exp(y)", r"e^{\mathrm{y}} \cdot \tanh{\left(\mathrm{x} \right)}"),
        ("square(tanh(x))", r"\tanh^{2}{\left(\mathrm{x} \right)}"),
        ("min(x, max(y, 1))", r"\min\left(\mathrm{x}, \max\left(1, \mathrm{y}\right)\right)"),
        ("a + (b + c)", r"\mathrm{a} + \mathrm{b} + \mathrm{c}"),
        ("a - (b - c)", r"\mathrm{a} - \left(\mathrm{b} - \mathrm{c}\right)"),
        ("a * (b + c)", r"\mathrm{a} \cdot \left(\mathrm{b} + \mathrm{c}\right)"),
        ("a * (b * c)", r"\mathrm{a} \cdot \mathrm{b} \cdot \mathrm{c}"),
        ("a / b * c", r"\frac{\mathrm{c} \cdot \mathrm{a}}{\mathrm{b}}"),
        ("a / (b / c)", r"\frac{\mathrm{a} \cdot \mathrm{c}}{\mathrm{b}}"),
        ("(2 * a) / (3 * b)", r"\frac{2 \cdot \mathrm{a}}{3 \cdot \mathrm{b}}"),
        ("a * (2 * b)", r"2 \cdot \mathrm{a} \cdot \mathrm{b}"),
        ("-x + a", r"\mathrm{a} - \mathrm{x}"),
        ("-(a + b)", r"- (\mathrm{a} + \mathrm{b})"),
        ("--x", r"\mathrm{x}"),
        ("a - -2", r"2 + \mathrm{a}"),
        ("a * -b", r"- \mathrm{a} \cdot \mathrm{b}"),
        ("a / -b", r"- \frac{\mathrm{a}}{\mathrm{b}}"),
        ("a - -2 * b", r"\mathrm{a} + 2 \cdot \mathrm{b}"),
        ("1e-5", r"1.0 \cdot 10^{-5}"),
        ("-1e-5", r"-1.0 \cdot 10^{-5}"),
        ("2.5e+20 * x", r"2.5 \cdot 10^{20} \cdot \mathrm{x}"),
        ("1234567 * x", r"1234567 \cdot \mathrm{x}"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("0.25", "0.25"),
        ("3", "3"),
        ("1 / 0", r"\frac{1}{0}"),
    ],
)
def test_latex(text: str, latex: str) -> None:
    assert Formula.parse(text).to_latex() == latex


@pytest.mark.parametrize(
    ("text", "digits", "latex"),
    [
        ("3.14159", 3, "3.14"),
        ("2", 3, "2"),
        ("123456", 2, "120000"),
        ("100000", 1, "100000"),
        ("-0.000012345", 3, r"-1.23 \cdot 10^{-5}"),
        ("0.1234567 * x - 1000 * y", 3, r"0.123 \cdot \mathrm{x} - 1000 \cdot \mathrm{y}"),
        ("2.5e22 * x", 1, r"2.0 \cdot 10^{22} \cdot \mathrm{x}"),
    ],
)
def test_latex_rounds_when_asked(text: str, digits: int, latex: str) -> None:
    assert Formula.parse(text).to_latex(digits=digits) == latex
    with pytest.raises(FormulaError, match="constants cannot be rounded to 0 significant digits"):
        Formula.parse(text).to_latex(digits=0)


@examples(300)
@given(formulas())
def test_latex_is_balanced(formula: Formula) -> None:
    latex = formula.to_latex()
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")
    assert "--" not in latex.replace(" ", "")
    assert "+-" not in latex.replace(" ", "")
    assert r"\frac{1}{\frac" not in latex.replace(" ", "")


@examples(400)
@given(
    formulas(leaves=9, numbers=st.sampled_from([0.5, 1.0, 2.0, -3.0, 0.3, 1e-4, -0.0125, 1e20])),
    st.integers(0, 2**32 - 1),
)
def test_latex_reads_back(formula: Formula, seed: int) -> None:
    """What is typeset, read by a parser of its own as a mathematician reads it, computes what the formula computes."""
    generator = np.random.default_rng(seed)
    table = {name: generator.uniform(0.25, 8, 4) for name in NAMES}
    assume(is_tame(formula, table))
    with np.errstate(all="ignore"):
        values = latex_reader.evaluated(formula.to_latex(), table)
    np.testing.assert_allclose(np.broadcast_to(values, 4), formula.evaluate(table), rtol=1e-9)


@examples(300)
@given(formulas())
def test_json_reads_back(formula: Formula) -> None:
    provenance = {"suite": "nbsz-13", "seed": 0, "kendall": {"nasbench201/cifar10": 0.6}}
    text = formula.to_json(provenance)
    assert Formula.from_json(text) == Formula.from_json(text.encode()) == formula
    assert read_json(text) == (formula, provenance)


def test_json_document() -> None:
    document = json.loads(Formula.parse("log(flops) + jacov / nwot").to_json({"seed": 1}))
    assert document == {
        "schema": "rayzc/formula",
        "version": SCHEMA_VERSION,
        "expression": "log(flops) + jacov / nwot",
        "proxies": ["flops", "jacov", "nwot"],
        "complexity": 6,
        "provenance": {"seed": 1},
    }


@pytest.mark.parametrize("provenance", [{"tau": math.nan}, {"tau": np.float32(1)}, {"suite": object()}])
def test_provenance_that_json_cannot_hold(provenance: dict[str, Any]) -> None:
    with pytest.raises(FormulaError, match=r"^the provenance of the formula cannot be written as JSON: "):
        Formula.parse("flops").to_json(provenance)


def document(**changes: Any) -> str:
    return json.dumps({"schema": "rayzc/formula", "version": 1, "expression": "flops"} | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the formula's document is not JSON: "),
        (b"\xff\xfe\x00", "the formula's document is not JSON: "),
        ("[" * 100_000, "the formula's document is not JSON: "),
        ("[]", "the document is not a formula: its 'schema' is not 'rayzc/formula'"),
        (
            document(schema="rayzc/suite"),
            "the document is not a formula: its 'schema' is not 'rayzc/formula'",
        ),
        (
            document(version="1"),
            "the formula's document has 'version' '1'; it must be a whole number of at least 1",
        ),
        (
            document(version=True),
            "the formula's document has 'version' True; it must be a whole number of at least 1",
        ),
        (
            document(version=0),
            "the formula's document has 'version' 0; it must be a whole number of at least 1",
        ),
        (
            document(version=2),
            "the formula's document has version 2, written by a newer rayzc; this version reads up to "
            "version 1: upgrade rayzc",
        ),
        (document(provenance=[]), "the 'provenance' of the formula's document must be an object"),
        (document(expression=None), "a formula is parsed from text, not from NoneType"),
        (document(expression="log("), "cannot parse formula at position 5: "),
    ],
)
def test_documents_that_are_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(FormulaError) as error:
        Formula.from_json(text)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "tokens", [("log",), ("exp",), ("-", "a"), ("/", "a"), ("min", "a"), ("inv", "+", "a")]
)
def test_the_deepest_formulas_are_typeset(tokens: tuple[str, ...]) -> None:
    formula = Formula(tokens * (99 // sum(token != "a" for token in tokens)) + ("x",))
    assert formula.depth >= 99
    assert r"\mathrm{x}" in formula.to_latex()
