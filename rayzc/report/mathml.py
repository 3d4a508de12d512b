"""A formula typeset in presentation MathML, which browsers draw without any script or font of ours."""

from dataclasses import dataclass, replace
from html import escape

from rayzc.formula import Formula, fold
from rayzc.formula.rewriting import rewrite

__all__ = ["to_mathml"]

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_MINUS = "<mo>−</mo>"


@dataclass(frozen=True, slots=True)
class _Built:
    """A part that is typeset: one quotient of factors, so that no fraction stands in another without need.

    Attributes:
        above: the factors, each with how tightly it binds.
        below: those that it is divided by.
        negative: whether a minus stands before it.
    """

    above: tuple[tuple[str, int], ...]
    below: tuple[tuple[str, int], ...] = ()
    negative: bool = False

    @property
    def level(self) -> int:
        """How tightly it binds as a whole."""
        if self.negative or (len(self.above) > 1 and not self.below):
            return _PRODUCT
        return _POWER if self.below else self.above[0][1] if self.above else _ATOM

    def text(self) -> str:
        """Its MathML."""
        top = _factors(self.above)
        body = top
        if self.below:
            bottom = _factors(self.below)
            body = f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"
        if not self.negative:
            return body
        alone = len(self.above) == 1 and not self.below and self.above[0][1] == _SUM
        return f"{_MINUS}{_fenced(body) if alone else body}"

    def within(self, level: int) -> str:
        """Its MathML, in parentheses where it binds less than what surrounds it."""
        return _fenced(self.text()) if self.level < level else self.text()


def to_mathml(formula: Formula, digits: int = 4) -> str:
    """Typesets a formula.

    Args:
        formula: any formula; it is rewritten first, as for LaTeX.
        digits: significant digits of its constants.

    Returns:
        A ``math`` element, with the formula's text as its alternative.
    """

    def leaf(token: str | float) -> _Built:
        return (
            _Built(((f"<mi>{escape(token)}</mi>", _ATOM),))
            if isinstance(token, str)
            else _number(token, digits)
        )

    body = fold(rewrite(formula.tokens), leaf, _node).text()
    return (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block" '
        f'alttext="{escape(str(formula))}"><mrow>{body}</mrow></math>'
    )


def _number(value: float, digits: int) -> _Built:
    mantissa, _, exponent = f"{abs(value):.{digits}g}".partition("e")
    factors = [] if exponent and mantissa == "1" else [(f"<mn>{mantissa}</mn>", _ATOM)]
    if exponent:
        power = int(exponent)
        sign = f"<mrow>{_MINUS}<mn>{-power}</mn></mrow>" if power < 0 else f"<mn>{power}</mn>"
        factors.append((f"<msup><mn>10</mn>{sign}</msup>", _POWER))
    return _Built(tuple(factors), negative=value < 0)


def _node(name: str, *operands: _Built) -> _Built:
    first, last = operands[0], operands[-1]
    if name in ("+", "-"):
        adds = (name == "+") != last.negative
        right = replace(last, negative=False)
        # Where a sum is subtracted, its parentheses stay.
        inner = right.text() if adds and not last.negative else right.within(_PRODUCT)
        return _atom(f"{first.text()}<mo>{'+' if adds else '−'}</mo>{inner}", _SUM)
    if name == "*":
        return _Built(first.above + last.above, first.below + last.below, first.negative != last.negative)
    if name == "/":
        return _Built(first.above + last.below, first.below + last.above, first.negative != last.negative)
    if name == "inv":
        return _Built(first.below, first.above, first.negative)
    if name == "neg":
        return replace(first, negative=not first.negative)
    if name == "sqrt":
        return _atom(f"<msqrt><mrow>{first.text()}</mrow></msqrt>")
    if name == "square":
        return _atom(f"<msup><mrow>{first.within(_ATOM)}</mrow><mn>2</mn></msup>", _POWER)
    if name == "exp":
        return _atom(f"<msup><mi>e</mi><mrow>{first.text()}</mrow></msup>", _POWER)
    if name == "abs":
        bar = '<mo fence="true">|</mo>'
        return _atom(f"<mrow>{bar}{first.text()}{bar}</mrow>")
    inner = "<mo>,</mo>".join(operand.text() for operand in operands)
    return _atom(f"<mi>{escape(name)}</mi><mo>&#8289;</mo>{_fenced(inner)}")


def _atom(text: str, level: int = _ATOM) -> _Built:
    return _Built(((text, level),))


def _factors(factors: tuple[tuple[str, int], ...]) -> str:
    """Factors with dots between them; a single one needs no parentheses."""
    if not factors:
        return "<mn>1</mn>"
    if len(factors) == 1:
        return factors[0][0]
    return "<mo>·</mo>".join(_fenced(text) if level < _PRODUCT else text for text, level in factors)


def _fenced(text: str) -> str:
    return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"
