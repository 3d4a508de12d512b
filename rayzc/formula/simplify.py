"""Simplification: formulas without what cannot change a ranking.

Only the order of a formula's values counts, so it is rewritten to a shorter one of the same value, and outer
functions that are strictly monotone are stripped. :func:`simplify` keeps to what is provable in float64, for
any scores; :func:`rank_normal_form` to what holds for real numbers, so that breeding sees more formulas as
equal.
"""

from collections.abc import Callable

from rayzc.errors import FormulaError
from rayzc.formula.expression import Formula
from rayzc.formula.primitives import PRIMITIVES
from rayzc.formula.rewriting import constant, negated, never_negative, operands, rewrite
from rayzc.formula.tokens import MAX_DEPTH, Tokens

__all__ = ["rank_normal_form", "simplify", "without_outer_functions"]

# A number less than half of the last place of the largest float64: adding it overflows no finite number.
_NEVER_OVERFLOWS = 2.0**970


def simplify(formula: Formula) -> Formula:
    """Shortens a formula and provably keeps every order that it gives.

    Let f be the formula and g the result. On any scores, for any two architectures: if f ranks one
    strictly below the other, so does g. (An architecture for which a formula is not finite ranks last, in
    both.) Two that f ties may be told apart by g, where a stripped function had lost their difference: by
    rounding, by underflow, or because f was not finite for both.

    The proof is by steps, each of which has this property. Rewriting keeps the values, see
    :mod:`rayzc.formula.rewriting`. Then, from the outside, these are stripped:

    - ``log`` and ``sqrt``. They are increasing, and where they are not finite, their operand is not finite
      either or is below all those for which they are: what ranked last stays below what did not. (``sqrt``
      is increasing by IEEE 754; ``log`` is if the C library's is, down to the last bit.)
    - ``x + c``, ``x - c`` and ``c - x`` with abs c < 2**970, ``c * x`` with 0 < abs c <= 1, ``x / c`` with
      abs c >= 1. Rounding is monotone, so they are increasing, or decreasing and then ``neg`` stays; and they
      are finite exactly where x is, since none of them can overflow.

    ``exp``, ``tanh`` and growing factors such as ``2 * x`` are kept: an overflow makes what would rank first
    rank last, and tanh makes an infinity finite. Where such extremes do not matter, use
    :func:`rank_normal_form`.

    Args:
        formula: any formula.

    Returns:
        a formula that is not larger. Simplified again, it stays what it is.
    """
    return _allowed(_strip(rewrite(formula.tokens), _inwards_safely), formula)


def rank_normal_form(formula: Formula) -> Formula:
    """The form that formulas share which differ only outside: that of log(f), 2 * f + 1 and exp(f) is f's.

    Rewrites as :func:`simplify` does, and strips all that is strictly increasing or decreasing in real
    numbers: primitives marked `increasing`, adding a constant, multiplying by one other than 0, and
    ``square``, ``inv`` and ``c / x`` of what is never negative.

    The result is a formula in its own right. Of any two architectures for which both formulas are finite, it
    orders those that the given one orders strictly in the same way, and may order those that rounding or
    saturation tied. Architectures for which only one of the two is finite may rank elsewhere: ``exp``
    overflows, ``tanh`` of an infinity is 1, ``-log(x)`` is not finite at 0.

    Args:
        formula: any formula.

    Returns:
        a formula that is not larger. Its own normal form is itself.
    """
    tokens = _strip(rewrite(formula.tokens), _inwards)
    # Only a formula with as many tokens can be too deep; the check would double the time of this one.
    return Formula.trusted(tokens) if len(tokens) <= MAX_DEPTH else _allowed(tokens, formula)


def without_outer_functions(tokens: Tokens) -> Tokens:
    """Strips as :func:`rank_normal_form` does, but rewrites nothing: quick, for the many formulas that are bred.

    Args:
        tokens: a well-formed formula in prefix order.

    Returns:
        fewer tokens or the same, well-formed; they order as :func:`rank_normal_form` says.
    """
    return _strip(tokens, _inwards)


def _allowed(tokens: Tokens, formula: Formula) -> Formula:
    """The formula of the tokens, or the given formula if only that keeps to the limits of depth and length.

    Fewer tokens may still nest deeper (``x * -y`` becomes ``-(x * y)``) or need more digits (``1 / 3``).
    """
    try:
        return Formula(tokens)
    except FormulaError:
        return formula


_Step = tuple[Tokens, bool]


def _strip(tokens: Tokens, inwards: Callable[[Tokens, bool], _Step | None]) -> Tokens:
    """Strips outer functions as long as `inwards` finds any; it returns what is inside, and whether the order turns."""
    descending = False
    while step := inwards(tokens, descending):
        tokens, turns = step
        descending ^= turns
    return negated(tokens) if descending else tokens


def _inwards_safely(x: Tokens, descending: bool) -> _Step | None:
    head = x[0]
    if head == "neg":
        return x[1:], True
    # Under a neg, the x <= 0 at which these are not finite would come out first instead of last.
    if head in ("log", "sqrt") and not descending:
        return x[1:], False
    if head not in ("+", "-", "*", "/"):
        return None
    left, right = operands(x)
    c, d = constant(left), constant(right)
    if head in ("+", "-"):
        if c is not None and abs(c) < _NEVER_OVERFLOWS:
            return right, head == "-"
        if d is not None and abs(d) < _NEVER_OVERFLOWS:
            return left, False
    elif head == "*":
        if c and abs(c) <= 1:
            return right, c < 0
    elif d is not None and abs(d) >= 1:
        return left, d < 0
    return None


def _inwards(x: Tokens, descending: bool) -> _Step | None:
    head = x[0]
    if head == "neg":
        return x[1:], True
    if not isinstance(head, str) or head not in PRIMITIVES:
        return None
    if PRIMITIVES[head].increasing:
        return x[1:], False
    if head in ("square", "inv"):
        return (x[1:], head == "inv") if never_negative(x[1:]) else None
    if head not in ("+", "-", "*", "/"):
        return None
    left, right = operands(x)
    c, d = constant(left), constant(right)
    if head in ("+", "-"):
        if c is not None:
            return right, head == "-"
        return None if d is None else (left, False)
    if head == "*":
        return (right, c < 0) if c else None
    if d:
        return left, d < 0
    return (right, c > 0) if c and never_negative(right) else None
