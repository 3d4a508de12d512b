"""Formulas for other tools: sympy, LaTeX, numpy and torch callables, JSON."""

import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from rayzc.errors import FormulaError, nearest
from rayzc.formula.expression import Formula
from rayzc.formula.primitives import PRIMITIVES
from rayzc.formula.rewriting import rewrite
from rayzc.formula.tokens import fold

if TYPE_CHECKING:
    import sympy

__all__ = ["SCHEMA", "SCHEMA_VERSION", "read_json", "to_callable", "to_json", "to_latex", "to_sympy"]

SCHEMA = "rayzc/formula"
SCHEMA_VERSION = 1

Builder = Callable[..., "sympy.Expr"]


def to_sympy(formula: Formula) -> "sympy.Expr":
    """Builds the sympy expression of a formula, node by node and never from text.

    Nothing is evaluated on the way, so the expression has the formula's structure; ``.doit()`` gives sympy's
    own form. Proxies are plain symbols of their names. Sympy computes with real and complex numbers, not with
    float64: where the formula is nan or an infinity, the expression may mean something else.

    Args:
        formula: any formula.

    Returns:
        an unevaluated expression.
    """
    import sympy

    def leaf(token: str | float) -> sympy.Expr:
        return sympy.Symbol(token) if isinstance(token, str) else _number(token)

    builders = _builders()
    return fold(
        formula.tokens,
        leaf,
        lambda name, *operands: builders.get(name, sympy.Function(name))(*operands),
    )


def _builders() -> dict[str, Builder]:
    """Builds the sympy expression of each primitive, unevaluated."""
    import sympy

    minus_one = sympy.Integer(-1)

    def power(x: sympy.Expr, exponent: sympy.Rational) -> sympy.Expr:
        return sympy.Pow(x, exponent, evaluate=False)

    def multiply(x: sympy.Expr, y: sympy.Expr) -> sympy.Expr:
        return sympy.Mul(x, y, evaluate=False)

    return {
        "+": lambda x, y: sympy.Add(x, y, evaluate=False),
        "-": lambda x, y: sympy.Add(x, multiply(minus_one, y), evaluate=False),
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


def _number(value: float) -> "sympy.Expr":
    import sympy

    return sympy.Integer(int(value)) if value.is_integer() and abs(value) < 2**53 else sympy.Float(value)


def to_latex(formula: Formula, digits: int | None = None) -> str:
    r"""Typesets a formula for LaTeX's math mode.

    The formula is rewritten first (:mod:`rayzc.formula.rewriting`) and then written in mathematical notation: sums and
    products without inner parentheses, a quotient of quotients as one fraction.

    Args:
        formula: any formula.
        digits: significant digits that constants are rounded to; by default all of them.

    Returns:
        LaTeX such as ``\log{\left(\mathrm{flops} \right)} + \frac{\mathrm{jacov}}{\mathrm{nwot}}``.

    Raises:
        FormulaError: fewer digits than one.
    """
    import sympy

    if digits is not None and digits < 1:
        raise FormulaError(f"constants cannot be rounded to {digits} significant digits, only to 1 or more")

    def leaf(token: str | float) -> sympy.Expr:
        if isinstance(token, str):
            return sympy.Symbol(token)
        text = repr(token) if digits is None else f"{token:.{digits}g}"
        value = float(text)
        return _number(value) if value.is_integer() and abs(value) < 1e15 else sympy.Float(text)

    builders = _builders() | _typeset_builders()
    expression = fold(
        rewrite(formula.tokens),
        leaf,
        lambda name, *operands: builders.get(name, sympy.Function(name))(*operands),
    )
    names = {sympy.Symbol(proxy): _roman(proxy) for proxy in formula.proxies}
    text: str = sympy.latex(expression, order="none", mul_symbol="dot", min=-5, max=15, symbol_names=names)
    return text


def _roman(proxy: str) -> str:
    return rf"\mathrm{{{proxy.replace('_', chr(92) + '_')}}}"


def _typeset_builders() -> dict[str, Builder]:
    """Sums, products and quotients as one flat sympy expression each, in the given order: sympy prints these well."""
    import sympy

    unit, minus_one = sympy.Integer(1), sympy.Integer(-1)

    def parts(kind: type[sympy.Expr], x: sympy.Expr) -> tuple[sympy.Expr, ...]:
        return x.args if isinstance(x, kind) else (x,)

    def combined(kind: type[sympy.Expr], *operands: sympy.Expr) -> sympy.Expr:
        flat = [part for operand in operands for part in parts(kind, operand)]
        return kind(*flat, evaluate=False) if len(flat) > 1 else flat[0]

    def product(x: sympy.Expr, y: sympy.Expr) -> sympy.Expr:
        """Numbers come first, no factor is 1, and only the first may be -1."""
        factors = [*parts(sympy.Mul, x), *parts(sympy.Mul, y)]
        sign = unit if factors.count(minus_one) % 2 == 0 else minus_one
        factors = sorted(
            (factor for factor in factors if factor not in (unit, minus_one)),
            key=lambda factor: not factor.is_Number,
        )
        if sign == minus_one and factors and factors[0].is_Number:
            sign, factors[0] = unit, -factors[0]
        return combined(sympy.Mul, *([] if sign == unit and factors else [sign]), *factors)

    def inverse(x: sympy.Expr) -> sympy.Expr:
        factors = [
            factor
            if factor == minus_one
            else factor.base
            if factor.is_Pow and factor.exp == minus_one
            else sympy.Pow(factor, minus_one, evaluate=False)
            for factor in parts(sympy.Mul, x)
        ]
        return combined(sympy.Mul, *factors)

    def negative(x: sympy.Expr) -> sympy.Expr:
        return product(minus_one, x)

    def square(x: sympy.Expr) -> sympy.Expr:
        # Of a power of ten, sympy would print two exponents, one above the other.
        return product(x, x) if x.is_Float else sympy.Pow(x, sympy.Integer(2), evaluate=False)

    return {
        "+": lambda x, y: combined(sympy.Add, x, y),
        "-": lambda x, y: combined(sympy.Add, x, negative(y)),
        "*": product,
        "/": lambda x, y: product(x, inverse(y)),
        "neg": negative,
        "inv": inverse,
        "square": square,
    }


def to_callable(formula: Formula, namespace: ModuleType) -> Callable[..., Any]:
    """Makes a function of proxies out of a formula.

    Args:
        formula: any formula.
        namespace: the module that computes, ``numpy`` or ``torch``.

    Returns:
        a function that takes the scores of each proxy by keyword, as arrays (or tensors, on any device) or
        plain numbers, and returns the formula's values, not finite where the formula is not. It computes in the
        precision of what it is given, and gradients of tensors flow through it. Proxies that the formula does
        not use are ignored. It raises :class:`FormulaError` where a proxy that it needs is missing.
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
        FormulaError: the provenance cannot be written as JSON.
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
        raise FormulaError(f"the provenance of the formula cannot be written as JSON: {error}") from None


def read_json(text: str | bytes) -> tuple[Formula, dict[str, Any]]:
    """Reads what :func:`to_json` wrote.

    Only the expression is read: its proxies and complexity are in the document for other readers.

    Args:
        text: the document.

    Returns:
        the formula and its provenance.

    Raises:
        FormulaError: not JSON, another kind of document, a newer version, or an expression that does not parse.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormulaError(f"the formula's document is not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise FormulaError(f"the document is not a formula: its 'schema' is not '{SCHEMA}'")
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise FormulaError(
            f"the formula's document has 'version' {version!r}; it must be a whole number of at least 1"
        )
    if version > SCHEMA_VERSION:
        raise FormulaError(
            f"the formula's document has version {version}, written by a newer rayzc; this version reads up to "
            f"version {SCHEMA_VERSION}: upgrade rayzc"
        )
    provenance = document.get("provenance", {})
    if not isinstance(provenance, dict):
        raise FormulaError("the 'provenance' of the formula's document must be an object")
    return Formula.parse(document.get("expression")), provenance  # type: ignore[arg-type]
