"""Formulas as tokens in prefix (Polish) order, the one form in which all of rayzc handles them.

A token is the name of a primitive, a finite constant or the name of a proxy: ``log(flops) + jacov / nwot`` is
``("+", "log", "flops", "/", "jacov", "nwot")``. A subexpression is a slice.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from rayzc.formula.primitives import PRIMITIVES

__all__ = [
    "ARITY",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "Tokens",
    "arities",
    "depth",
    "fold",
    "is_proxy_name",
    "subtree_end",
]

Tokens = tuple[str | float, ...]
Value = TypeVar("Value")

# A plain dict: the hottest loops of breeding look tokens up in it.
ARITY: dict[str | float, int] = {name: primitive.arity for name, primitive in PRIMITIVES.items()}
"""Number of operands of each primitive; any other token is a leaf."""
MAX_DEPTH = 100
"""Levels a formula may have, and parentheses and signs that its text may nest."""
MAX_LENGTH = 10_000
"""Characters that the text of a formula may have."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_arity_of = ARITY.get


def is_proxy_name(name: str) -> bool:
    """Whether a formula can use a proxy of this name: letters, digits and _ only, and not the name of a function."""
    return name not in ARITY and _NAME.fullmatch(name) is not None


def arities(tokens: Sequence[str | float]) -> list[int]:
    """Number of operands that each token takes: 0 for proxies and constants."""
    return [_arity_of(token, 0) for token in tokens]


def subtree_end(tokens: Sequence[str | float], start: int) -> int:
    """Index after the last token of the subexpression that begins at `start`."""
    arity = _arity_of
    missing = 1
    while missing:
        missing += arity(tokens[start], 0) - 1
        start += 1
    return start


def fold(
    tokens: Sequence[str | float],
    leaf: Callable[[str | float], Value],
    node: Callable[..., Value],
) -> Value:
    """Computes something of a formula from its leaves up, at any depth without recursion.

    Args:
        tokens: a well-formed formula in prefix order.
        leaf: its value for a proxy or a constant.
        node: its value for a primitive, called with the name and the values of the operands.

    Returns:
        the value of the whole.
    """
    stack: list[Value] = []
    for token in reversed(tokens):
        arity = _arity_of(token, 0)
        if arity == 0:
            stack.append(leaf(token))
        elif arity == 1:
            stack[-1] = node(token, stack[-1])
        else:
            left = stack.pop()
            stack[-1] = node(token, left, stack[-1])
    return stack[0]


def depth(tokens: Sequence[str | float]) -> int:
    """Number of levels of a formula; a lone proxy or constant has one."""

    def node(name: str, *depths: int) -> int:
        return 1 + max(depths)

    return fold(tokens, lambda leaf: 1, node)
