"""Formulas for other tools: sympy, LaTeX, numpy and torch callables, JSON."""

import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from rayzc.errors import FormulaError, nearest
from rayzc.formula.expression import Formula, fold
from rayzc.formula.primitives import PRIMITIVES
from rayzc.formula.printer import constant_text

if TYPE_CHECKING:
    import sympy

__all__ = ["SCHEMA", "SCHEMA_VERSION", "read_json", "to_callable", "to_json", "to_latex", "to_sympy"]

SCHEMA = "rayzc/formula"
SCHEMA_VERSION = 1


def to_sympy(formula: Formula) -> "sympy.Expr":
    """Builds the sympy expression of a formula, node by node and never from text.

    Nothing is evaluated on the way, so the expression has the formula's structure; ``.doit()`` gives sympy's
    own form. Proxies are plain symbols of their names. Sympy computes with real and complex numbers, not with
    float64: where the formula gives nan or an infinity, the expression may mean something else.

    Args:
        formula: any formula.

    Returns:
        an unevaluated expression.
    """
    import sympy

    def leaf(token: str | float) -> sympy.Expr:
        if isinstance(token, str):
            return sympy.Symbol(token)
        whole = token.is_integer() and abs(token) < 2**53
        return sympy.Integer(int(token)) if whole else sympy.Float(token)

    def add(x: sympy.Expr, y: sympy.Expr) -> sympy.Expr:
        return sympy.Add(x, y, evaluate=False)

    def multiply(x: sympy.Expr, y: sympy.Expr) -> sympy.Expr:
        return sympy.Mul(x, y, evaluate=False)

    def power(x: sympy.Expr, exponent: sympy.Rational) -> sympy.Expr:
        return sympy.Pow(x, exponent, evaluate=False)

    minus_one = sympy.Integer(-1)
    builders: dict[str, Callable[..., sympy.Expr]] = {
        "+": add,
        "-": lambda x, y: add(x, multiply(minus_one, y)),
        "*": multiply,
        "/": lambda x, y: multiply(x, power(y, minus_one)),
        "neg": lambda x: multiply(minus_one, x),
        "inv": lambda x: power(x, minus_one),
        "square": lambda x: power(x, sympy.Integer(2)),
        "sqrt": lambda x: power(x, sympy.Rational(1, 2)),
        "log": lambda x: sympy.log(x, evaluate=False),
        "exp": lambda x: sympy.exp(x, evaluate=False),
        "tanh": lambda x: sympy.tanh(x, evaluate=False),
        "abs": lambda x: sympy.Abs(x, evaluate=False),
        "min": lambda x, y: sympy.Min(x, y, evaluate=False),
        "max": lambda x, y: sympy.Max(x, y, evaluate=False),
    }

    def node(name: str, *operands: sympy.Expr) -> sympy.Expr:
        return builders.get(name, sympy.Function(name))(*operands)

    return fold(formula.tokens, leaf, node)


# How tightly LaTeX holds together, loosest first: only atoms take an exponent without parentheses.
_SUM, _PRODUCT, _TERM, _ATOM = range(4)


def to_latex(formula: Formula, digits: int | None = None) -> str:
    r"""Typesets a formula for LaTeX's math mode.

    Sums and products are written as mathematics reads them: ``a + (b + c)`` has no parentheses there.

    Args:
        formula: any formula.
        digits: significant digits that constants are rounded to; all of them if none are given.

    Returns:
        LaTeX such as ``\log\left(\mathrm{flops}\right) + \frac{\mathrm{jacov}}{\mathrm{nwot}}``.

    Raises:
        FormulaError: fewer digits than one.
    """
    if digits is not None and digits < 1:
        raise FormulaError(f"constants cannot be rounded to {digits} significant digits, only to 1 or more")

    def leaf(token: str | float) -> tuple[str, int]:
        if isinstance(token, float):
            return _latex_number(token, digits)
        return rf"\mathrm{{{token.replace('_', chr(92) + '_')}}}", _ATOM

    return fold(formula.tokens, leaf, _latex_node)[0]


def _latex_number(value: float, digits: int | None) -> tuple[str, int]:
    text = constant_text(value) if digits is None else f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text, _ATOM
    power = f"10^{{{int(exponent)}}}"
    if mantissa in ("1", "-1"):
        return mantissa[:-1] + power, _TERM
    return rf"{mantissa} \cdot {power}", _PRODUCT


def _latex_node(name: str, *operands: tuple[str, int]) -> tuple[str, int]:
    def within(place: int, level: int, signed: bool = False) -> str:
        """The operand, in parentheses if it is looser than `level` or has a sign where none may stand."""
        text, own = operands[place]
        return _round(text) if own < level or (text.startswith("-") and not signed) else text

    inner = ", ".join(text for text, _ in operands)
    match name:
        case "+":
            return f"{within(0, _SUM, signed=True)} + {within(1, _SUM)}", _SUM
        case "-":
            return f"{within(0, _SUM, signed=True)} - {within(1, _PRODUCT)}", _SUM
        case "*":
            return rf"{within(0, _PRODUCT, signed=True)} \cdot {within(1, _PRODUCT)}", _PRODUCT
        case "/":
            return rf"\frac{{{operands[0][0]}}}{{{operands[1][0]}}}", _TERM
        case "inv":
            return rf"\frac{{1}}{{{inner}}}", _TERM
        case "neg":
            return f"-{within(0, _PRODUCT)}", _PRODUCT
        case "square":
            return f"{within(0, _ATOM)}^{{2}}", _TERM
        case "sqrt":
            return rf"\sqrt{{{inner}}}", _ATOM
        case "abs":
            return rf"\left|{inner}\right|", _ATOM
        case "log" | "exp" | "tanh" | "min" | "max":
            return rf"\{name}{_round(inner)}", _TERM
    return rf"\operatorname{{{name}}}{_round(inner)}", _TERM


def _round(text: str) -> str:
    return rf"\left({text}\right)"


def to_callable(formula: Formula, namespace: ModuleType) -> Callable[..., Any]:
    """Makes a function of proxies out of a formula.

    Args:
        formula: any formula.
        namespace: the module that computes, ``numpy`` or ``torch``.

    Returns:
        a function that takes the scores of each proxy by keyword, as arrays (or tensors, on any device) or
        plain numbers, and gives the formula's values, not finite where the formula is not. It computes in the
        precision of what it is given, and gradients of tensors flow through it. Proxies that the formula does
        not use are ignored. It raises :class:`FormulaError` for a proxy that it needs and is not given.
    """
    functions = {
        name: getattr(namespace, primitive.function.__name__) for name, primitive in PRIMITIVES.items()
    }
    proxies = formula.proxies

    def score(**columns: Any) -> Any:
        for proxy in proxies:
            if proxy not in columns:
                raise FormulaError(f"the formula needs proxy '{proxy}'; {nearest(proxy, list(columns))}")
        if not columns:
            raise FormulaError(f"cannot evaluate {formula}: no columns were given")

        def leaf(token: str | float) -> Any:
            return used[token] if isinstance(token, str) else namespace.full_like(like, token)

        with np.errstate(all="ignore"):
            used = {name: _floating(columns[name], namespace) for name in proxies or columns}
            like = next(iter(used.values()))
            return fold(formula.tokens, leaf, lambda name, *operands: functions[name](*operands))

    score.__doc__ = str(formula)
    return score


def _floating(column: Any, namespace: ModuleType) -> Any:
    """The column as a floating array; 1.0 * x changes no float, not even the sign of a zero."""
    if not hasattr(column, "dtype"):
        column = namespace.asarray(column, dtype=namespace.float64)
    return column * 1.0


def to_json(formula: Formula, provenance: Mapping[str, Any] | None = None) -> str:
    """Writes a formula as a JSON document.

    Args:
        formula: any formula.
        provenance: where it comes from, as JSON can hold it: suite, seed, version, date, correlations.

    Returns:
        the document: schema, version, expression, the proxies it needs, its complexity, provenance.

    Raises:
        FormulaError: a provenance that JSON cannot hold.
    """
    document = {
        "schema": SCHEMA,
        "version": SCHEMA_VERSION,
        "expression": str(formula),
        "proxies": list(formula.proxies),
        "complexity": formula.complexity,
        "provenance": dict(provenance or {}),
    }
    try:
        return json.dumps(document, indent=2, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormulaError(f"the provenance of the formula is not fit for JSON: {error}") from None


def read_json(text: str | bytes) -> tuple[Formula, dict[str, Any]]:
    """Reads what :func:`to_json` wrote.

    The expression alone decides: what the document says of its proxies and complexity is for other readers.

    Args:
        text: the document.

    Returns:
        the formula and its provenance.

    Raises:
        FormulaError: no JSON, another document, a newer version, or an expression that does not parse.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormulaError(f"the formula's document is no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise FormulaError(f"the document holds no formula: its 'schema' is not '{SCHEMA}'")
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise FormulaError(f"the formula's document has no valid 'version', but {version!r}")
    if version > SCHEMA_VERSION:
        raise FormulaError(
            f"the formula's document has version {version}, and this rayzc reads up to {SCHEMA_VERSION}: "
            "it was written by a newer one; upgrade rayzc"
        )
    provenance = document.get("provenance", {})
    if not isinstance(provenance, dict):
        raise FormulaError("the 'provenance' of the formula's document is no object")
    return Formula.parse(document.get("expression")), provenance  # type: ignore[arg-type]
