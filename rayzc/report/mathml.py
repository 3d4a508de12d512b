"""A formula typeset in presentation MathML, which browsers draw without any script or font of ours."""

from html import escape

from rayzc.formula import Formula, fold
from rayzc.formula.rewriting import rewrite

__all__ = ["to_mathml"]

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_Built = tuple[str, int]
_FUNCTIONS = {"log": "log", "tanh": "tanh", "min": "min", "max": "max"}


def to_mathml(formula: Formula, digits: int = 4) -> str:
    """Typesets a formula.

    Args:
        formula: any formula; it is rewritten first, as for LaTeX.
        digits: significant digits of its constants.

    Returns:
        A ``math`` element, with the formula's text as its alternative.
    """

    def leaf(token: str | float) -> _Built:
        if isinstance(token, str):
            return f"<mi>{escape(token)}</mi>", _ATOM
        return _number(token, digits)

    body, _ = fold(rewrite(formula.tokens), leaf, _node)
    alternative = escape(str(formula))
    return (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block" '
        f'alttext="{alternative}"><mrow>{body}</mrow></math>'
    )


def _number(value: float, digits: int) -> _Built:
    mantissa, _, exponent = f"{abs(value):.{digits}g}".partition("e")
    text = f"<mn>{mantissa}</mn>"
    level = _ATOM
    if exponent:
        power = f"<msup><mn>10</mn>{_signed(int(exponent))}</msup>"
        text = power if mantissa == "1" else f"{text}<mo>·</mo>{power}"
        level = _PRODUCT
    if value < 0:
        return f"<mo>−</mo>{text}", _PRODUCT
    return f"<mrow>{text}</mrow>", level


def _signed(number: int) -> str:
    return f"<mn>{number}</mn>" if number >= 0 else f"<mrow><mo>−</mo><mn>{-number}</mn></mrow>"


def _node(name: str, *operands: _Built) -> _Built:
    if name in ("+", "-"):
        left, right = operands
        sign = "+" if name == "+" else "−"
        return f"{left[0]}<mo>{sign}</mo>{_within(right, _SUM + (name == '-'), first=False)}", _SUM
    if name == "*":
        left, right = operands
        return f"{_within(left, _PRODUCT)}<mo>·</mo>{_within(right, _PRODUCT, first=False)}", _PRODUCT
    if name == "/":
        return f"<mfrac><mrow>{operands[0][0]}</mrow><mrow>{operands[1][0]}</mrow></mfrac>", _POWER
    if name == "inv":
        return f"<mfrac><mn>1</mn><mrow>{operands[0][0]}</mrow></mfrac>", _POWER
    if name == "neg":
        return f"<mo>−</mo>{_within(operands[0], _PRODUCT)}", _PRODUCT
    if name == "sqrt":
        return f"<msqrt><mrow>{operands[0][0]}</mrow></msqrt>", _ATOM
    if name == "square":
        return f"<msup><mrow>{_within(operands[0], _ATOM)}</mrow><mn>2</mn></msup>", _POWER
    if name == "exp":
        return f"<msup><mi>e</mi><mrow>{operands[0][0]}</mrow></msup>", _POWER
    if name == "abs":
        return f'<mrow><mo fence="true">|</mo>{operands[0][0]}<mo fence="true">|</mo></mrow>', _ATOM
    inner = "<mo>,</mo>".join(operand[0] for operand in operands)
    return f"<mi>{escape(_FUNCTIONS.get(name, name))}</mi><mo>&#8289;</mo>{_fenced(inner)}", _ATOM


def _within(operand: _Built, level: int, first: bool = True) -> str:
    """An operand, in parentheses where it binds less than what surrounds it, or begins with a sign of its own."""
    text, own = operand
    signed = not first and text.startswith("<mo>−</mo>")
    return _fenced(text) if own < level or signed else text


def _fenced(text: str) -> str:
    return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"
