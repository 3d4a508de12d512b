"""Rewriting formulas to shorter ones of the same value.

The value stays, bit for bit, whatever the input is, infinities and nan among it; only a zero may change its
sign. That is harmless unless the zero is divided by, for 1 / 0 and 1 / -0 are different infinities, and tanh
makes them 1 and -1: rules marked * are used only where no ``inv`` and no denominator can see the sign. The
rules, for any x and y, and constants c:

==============================  =====================================================================
rule                            why the value stays
==============================  =====================================================================
constants only -> a constant    it is what evaluation gives; only if finite, * if it is -0
neg neg x -> x                  flipping the sign bit twice
neg (x * c) -> x * -c           rounding is symmetric; also for c / x and x / c; c is not 0
neg (x - y) -> y - x *          rounding is symmetric; x - x is +0 both ways
neg (x + c) -> -c - x *         the same
x * neg y -> neg (x * y)        the sign of a product or a quotient is apart from its magnitude; also for
                                neg x * y, x / neg y, neg x / y, inv (neg x)
x + neg y -> x - y              IEEE 754 defines subtraction so; also neg x + y, x - neg y, and
                                neg x - c, which gives -c - x
x + -c -> x - c                 the same; also x - -c
x * 1, x / 1, x - 0 -> x        exact, also for -0, infinities and nan
x + 0 -> x *, 0 - x -> neg x *  exact but for the sign of a zero
x * -1, x / -1 -> neg x         exact
1 / x -> inv x                  the same division
x + x -> 2 * x                  doubling is exact, or overflows both ways
x * x -> square x               the definition
square (neg x), square (abs x)  the square does not see the sign: square x
abs (neg x) -> abs x            nor does abs
abs x -> x                      if x is built so that it is never negative nor -0
min (x, x), max (x, x) -> x     also for nan
x + y -> y + x                  addition and multiplication commute; the shorter one, constants before
                                proxies, comes first, so that equal formulas look equal
==============================  =====================================================================
"""

import math
from collections.abc import Callable
from itertools import chain

import numpy as np

from rayzc.formula.primitives import PRIMITIVES
from rayzc.formula.tokens import ARITY, Tokens, fold, subtree_end

__all__ = ["constant", "negated", "never_negative", "operands", "rewrite"]


def rewrite(tokens: Tokens) -> Tokens:
    """Applies the rules that keep the value, from the leaves up.

    Args:
        tokens: a well-formed formula in prefix order.

    Returns:
        a formula of the same value for any input, but for the sign of a zero; never longer.
    """
    stack: list[Tokens] = []
    seen = _zero_signs_seen(tokens)
    for token in reversed(tokens):
        exact = seen.pop()
        arity = ARITY.get(token, 0)
        if arity == 0:
            stack.append((token,))
        elif arity == 1:
            stack[-1] = _node(str(token), exact, stack[-1])
        else:
            left = stack.pop()
            stack[-1] = _node(str(token), exact, left, stack[-1])
    return stack[0]


def _zero_signs_seen(tokens: Tokens) -> list[bool]:
    """Whether the sign of a zero can matter, for the subexpression that begins at each token."""
    pending = [False]
    seen = []
    for token in tokens:
        exact = pending.pop()
        seen.append(exact)
        if token == "inv":
            pending.append(True)
        elif token == "/":
            pending += (True, exact)
        elif token in ("abs", "square", "exp", "log"):
            pending.append(False)
        else:
            pending += [exact] * ARITY.get(token, 0)
    return seen


def _node(name: str, exact: bool, *inner: Tokens) -> Tokens:
    """The application of a primitive to rewritten operands, rewritten."""
    # Every formula ends with a leaf, so most of those that are not constant are known by their last token.
    if all(isinstance(x[-1], float) for x in inner):
        value = _value((name, *chain(*inner)))
        if value is not None and not (exact and value == 0 and math.copysign(1, value) < 0):
            return (value or 0.0,)
    rule = _RULES.get(name)
    return rule(exact, *inner) if rule else (name, *chain(*inner))


def _value(tokens: Tokens) -> float | None:
    """The finite value of an expression without proxies, else None."""
    if any(isinstance(token, str) and token not in ARITY for token in tokens):
        return None
    with np.errstate(all="ignore"):
        value = float(fold(tokens, np.float64, lambda name, *inner: PRIMITIVES[name].function(*inner)))
    return value if math.isfinite(value) else None


def negated(tokens: Tokens) -> Tokens:
    """The negation of a rewritten formula, rewritten."""
    return _node("neg", False, tokens)


def constant(x: Tokens) -> float | None:
    """The value of an expression that is a constant, else None."""
    return x[0] if isinstance(x[0], float) else None


def operands(x: Tokens) -> tuple[Tokens, Tokens]:
    """The two operands of an expression with a binary primitive at its root."""
    middle = subtree_end(x, 1)
    return x[1:middle], x[middle:]


def _neg(exact: bool, x: Tokens) -> Tokens:
    head = x[0]
    if head == "neg":
        return x[1:]
    if head in ("*", "/", "-", "+"):
        left, right = operands(x)
        c, d = constant(left), constant(right)
        if head in ("*", "/"):
            if c:
                return _node(head, exact, (-c,), right)
            if d:
                return _node(head, exact, left, (-d,))
        elif not exact:
            if head == "-":
                return _node("-", exact, right, left)
            if c is not None:
                return _node("-", exact, (-c or 0.0,), right)
    return ("neg", *x)


def _add(exact: bool, x: Tokens, y: Tokens) -> Tokens:
    if x == y:
        return _node("*", exact, (2.0,), x)
    if y[0] == "neg":
        return _node("-", exact, x, y[1:])
    if x[0] == "neg":
        return _node("-", exact, y, x[1:])
    x, y = _ordered(x, y)
    c = constant(x)
    if c == 0 and not exact:
        return y
    if c is not None and c < 0:
        return _node("-", exact, y, (-c,))
    return ("+", *x, *y)


def _subtract(exact: bool, x: Tokens, y: Tokens) -> Tokens:
    c, d = constant(x), constant(y)
    if d == 0:
        return x
    if c == 0 and not exact:
        return _node("neg", exact, y)
    if d is not None and x[0] == "neg":
        return _node("-", exact, (-d,), x[1:])
    if d is not None and d < 0:
        return _node("+", exact, x, (-d,))
    if y[0] == "neg":
        return _node("+", exact, x, y[1:])
    return ("-", *x, *y)


def _multiply(exact: bool, x: Tokens, y: Tokens) -> Tokens:
    if x == y:
        return _node("square", exact, x)
    if x[0] == "neg":
        return _node("neg", exact, _node("*", exact, x[1:], y))
    if y[0] == "neg":
        return _node("neg", exact, _node("*", exact, x, y[1:]))
    x, y = _ordered(x, y)
    c = constant(x)
    if c == 1:
        return y
    if c == -1:
        return _node("neg", exact, y)
    return ("*", *x, *y)


def _divide(exact: bool, x: Tokens, y: Tokens) -> Tokens:
    if x[0] == "neg":
        return _node("neg", exact, _node("/", exact, x[1:], y))
    if y[0] == "neg":
        return _node("neg", exact, _node("/", exact, x, y[1:]))
    c, d = constant(x), constant(y)
    if d == 1:
        return x
    if d == -1:
        return _node("neg", exact, x)
    if c == 1:
        return _node("inv", exact, y)
    if c == -1:
        return _node("neg", exact, _node("inv", exact, y))
    return ("/", *x, *y)


def _inv(exact: bool, x: Tokens) -> Tokens:
    return _node("neg", exact, _node("inv", exact, x[1:])) if x[0] == "neg" else ("inv", *x)


def _abs(exact: bool, x: Tokens) -> Tokens:
    if x[0] == "neg":
        x = x[1:]
    return x if never_negative(x) else ("abs", *x)


def _square(exact: bool, x: Tokens) -> Tokens:
    return ("square", *(x[1:] if x[0] in ("neg", "abs") else x))


_RULES: dict[str, Callable[..., Tokens]] = {
    "neg": _neg,
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "inv": _inv,
    "abs": _abs,
    "square": _square,
    "min": lambda exact, x, y: x if x == y else ("min", *x, *y),
    "max": lambda exact, x, y: x if x == y else ("max", *x, *y),
}


def _ordered(x: Tokens, y: Tokens) -> tuple[Tokens, Tokens]:
    """The operands of + or *, shorter first; constants sort before proxies."""
    if len(x) == len(y):
        return (y, x) if [str(token) for token in y] < [str(token) for token in x] else (x, y)
    return (x, y) if len(x) < len(y) else (y, x)


def never_negative(tokens: Tokens) -> bool:
    """Whether an expression is built so that its value is +0, a positive number, inf or nan."""

    def node(name: str, *inner: bool) -> bool:
        if name in ("abs", "square", "exp"):
            return True
        return name in ("+", "*", "/", "min", "max", "sqrt", "inv", "tanh") and all(inner)

    return fold(tokens, lambda leaf: isinstance(leaf, float) and leaf >= 0, node)
