"""Formulas as text that parses back to the very same formula."""

from collections.abc import Sequence

from rayzc.formula.primitives import PRIMITIVES

__all__ = ["constant_text", "formula_text"]

# How tightly a text holds together, loosest first.
_SUM, _PRODUCT, _SIGNED, _ATOM = range(4)
_INFIX = {"+": (" + ", _SUM), "-": (" - ", _SUM), "*": (" * ", _PRODUCT), "/": (" / ", _PRODUCT)}
_ARITY = {name: primitive.arity for name, primitive in PRIMITIVES.items()}


def constant_text(value: float) -> str:
    """The shortest text that reads back as `value`; whole numbers lose their ``.0``."""
    return repr(value).removesuffix(".0")


def formula_text(tokens: Sequence[str | float]) -> str:
    """Writes a well-formed formula in infix notation with no parentheses but those that it needs.

    A minus in front of a number is that number's sign, and any other minus without a left operand is
    ``neg``: so ``-3`` is a constant, ``-(3)`` and ``-x`` are negations.

    Args:
        tokens: a formula in prefix order.

    Returns:
        the text, which :func:`rayzc.formula.parser.parse_tokens` turns into `tokens` again.
    """
    texts: list[str] = []
    levels: list[int] = []
    for token in reversed(tokens):
        if isinstance(token, float):
            texts.append(constant_text(token))
            levels.append(_SIGNED if token < 0 else _ATOM)
        elif token not in _ARITY:
            texts.append(token)
            levels.append(_ATOM)
        elif token in _INFIX:
            symbol, level = _INFIX[token]
            left, right = texts.pop(), texts[-1]
            if levels.pop() < level:
                left = f"({left})"
            if levels[-1] <= level:
                right = f"({right})"
            texts[-1] = left + symbol + right
            levels[-1] = level
        elif token == "neg":
            # Bare, the minus would become the sign of a number that starts with a digit.
            bare = levels[-1] >= _SIGNED and not texts[-1][0].isdigit()
            texts[-1] = f"-{texts[-1]}" if bare else f"-({texts[-1]})"
            levels[-1] = _SIGNED
        else:
            operands = [texts.pop() for _ in range(_ARITY[token])]
            texts.append(f"{token}({', '.join(operands)})")
            levels[len(texts) - 1 :] = [_ATOM]
    return texts[0]
