"""Evaluation of many formulas that share parts, as a population of relatives does.

Each distinct subexpression is computed once over the rows of all problems and kept for the formulas to come, the
least recently used ones making room. Nothing is approximated: the values are those of
:meth:`rayzc.formula.Formula.evaluate`.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.formula import PRIMITIVES

__all__ = ["Evaluator"]

Tokens = tuple[str | float, ...]

_FUNCTIONS: dict[str | float, tuple[int, Any]] = {
    name: (primitive.arity, primitive.function) for name, primitive in PRIMITIVES.items()
}


class Evaluator:
    """Evaluates formulas on a table and remembers their parts.

    Args:
        proxies: names of the proxies, ``(proxies,)``.
        scores: their scores, ``(proxies, rows)``.
        room: number of subexpressions that are kept; above the largest number of nodes of a formula.
    """

    def __init__(self, proxies: tuple[str, ...], scores: NDArray[np.float64], room: int = 512) -> None:
        self._rows = scores.shape[1]
        self._leaves: dict[str | float, NDArray[np.float64]] = dict(zip(proxies, scores, strict=True))
        self._known: OrderedDict[Tokens, NDArray[np.float64]] = OrderedDict()
        self._room = room

    def __call__(self, tokens: Tokens) -> NDArray[np.float64]:
        """The formula's values, ``(rows,)``: not to be written to, and overwritten later."""
        if len(tokens) > self._room // 2:
            raise ValueError(f"{len(tokens)} nodes are too many for an evaluator with room for {self._room}")
        with np.errstate(all="ignore"):
            value: NDArray[np.float64] | float = self._value(tokens, 0, _ends(tokens))
        if isinstance(value, float):
            return np.full(self._rows, value)
        return value

    def _value(self, tokens: Tokens, start: int, ends: list[int]) -> Any:
        head = tokens[start]
        function = _FUNCTIONS.get(head)
        if function is None:
            return self._leaves[head] if isinstance(head, str) else head
        key = tokens[start : ends[start]]
        known = self._known
        value = known.pop(key, None)
        if value is None:
            if function[0] == 1:
                operands: tuple[Any, ...] = (self._value(tokens, start + 1, ends),)
            else:
                operands = (
                    self._value(tokens, start + 1, ends),
                    self._value(tokens, ends[start + 1], ends),
                )
            value = known.popitem(last=False)[1] if len(known) >= self._room else np.empty(self._rows)
            function[1](*operands, out=value)
        known[key] = value
        return value


def _ends(tokens: Tokens) -> list[int]:
    """For each position the index after the subexpression that begins there."""
    ends = [0] * len(tokens)
    stack: list[int] = []
    position = len(tokens)
    for token in reversed(tokens):
        position -= 1
        function = _FUNCTIONS.get(token)
        if function is None:
            end = position + 1
        elif function[0] == 1:
            end = stack.pop()
        else:
            stack.pop()
            end = stack.pop()
        ends[position] = end
        stack.append(end)
    return ends
