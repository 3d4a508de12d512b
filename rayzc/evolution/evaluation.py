"""Evaluation of many formulas that share parts, as a population of relatives does.

Computing is cheap and memory is slow, so what is written should stay in the processor's cache. A part that comes up
for the first time, as most parts of offspring do for the only time, is computed in one of a few scratch arrays; one
that comes up again is computed once more and kept for the formulas to come, the least recently used ones making
room. Nothing is approximated: the values are those of :meth:`rayzc.formula.Formula.evaluate`.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.memory import remember
from rayzc.formula import PRIMITIVES

__all__ = ["Evaluator"]

Tokens = tuple[str | float, ...]
Values = NDArray[np.float64]

_MOST_MET_ONCE = 20_000

_FUNCTIONS: dict[str | float, tuple[int, Any]] = {
    name: (primitive.arity, primitive.function) for name, primitive in PRIMITIVES.items()
}


class Evaluator:
    """Evaluates formulas on a table and keeps the values of parts that come up more than once.

    Args:
        proxies: names of the proxies, ``(proxies,)``.
        scores: their scores, ``(proxies, rows)``.
        room: number of parts that are kept; at least twice the largest number of nodes of a formula.
    """

    def __init__(self, proxies: tuple[str, ...], scores: Values, room: int = 512) -> None:
        self._rows = scores.shape[1]
        self._leaves: dict[str | float, Values] = dict(zip(proxies, scores, strict=True))
        self._room = room
        self._kept: OrderedDict[Tokens, Values] = OrderedDict()
        self._met_once: OrderedDict[Tokens, None] = OrderedDict()
        self._scratch: dict[int, Values] = {}
        self._free: list[Values] = []

    def __call__(self, tokens: Tokens) -> Values:
        """The formula's values, ``(rows,)``: not to be written to, and overwritten later."""
        if len(tokens) > self._room // 2:
            raise ValueError(f"{len(tokens)} nodes are too many for an evaluator with room for {self._room}")
        self._free = list(self._scratch.values())
        with np.errstate(all="ignore"):
            value: Values | float = self._value(tokens, 0, _ends(tokens))
        if isinstance(value, float):
            return np.full(self._rows, value)
        return value

    def _value(self, tokens: Tokens, start: int, ends: list[int]) -> Any:
        head = tokens[start]
        function = _FUNCTIONS.get(head)
        if function is None:
            return self._leaves[head] if isinstance(head, str) else head
        key = tokens[start : ends[start]]
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
            return value
        arity, compute = function
        first = self._value(tokens, start + 1, ends)
        operands = (first,) if arity == 1 else (first, self._value(tokens, ends[start + 1], ends))
        spent = [operand for operand in operands if id(operand) in self._scratch]
        if key in self._met_once:
            del self._met_once[key]
            value = self._kept[key] = self._array_to_keep()
        else:
            remember(self._met_once, key, None, _MOST_MET_ONCE)
            value = spent.pop() if spent else self._scratch_array()
        compute(*operands, out=value)
        self._free += spent
        return value

    def _array_to_keep(self) -> Values:
        """A new array, or that of the part that was not used for the longest time."""
        return self._kept.popitem(last=False)[1] if len(self._kept) >= self._room else np.empty(self._rows)

    def _scratch_array(self) -> Values:
        if self._free:
            return self._free.pop()
        array = np.empty(self._rows)
        self._scratch[id(array)] = array
        return array


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
