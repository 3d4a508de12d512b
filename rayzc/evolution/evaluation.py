"""Evaluation of many formulas that share parts, as a population of relatives does.

Computing is cheap and memory is slow, so what is written should stay in the processor's cache. A part that comes up
for the first time, as most parts of offspring do for the only time, is computed in one of a few scratch arrays; a part
that soon comes up again is computed once more and kept for the formulas to come, in place of the least recently used
part. What comes up again late is not kept: it would push out what siblings share. Nothing is approximated: the values
are those of :meth:`rayzc.formula.Formula.evaluate`.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.formula import ARITY, PRIMITIVES, Tokens

__all__ = ["Evaluator"]

Values = NDArray[np.float64]

_SOON = 600  # new parts, those of some sixty formulas
_MOST_KEPT = 1024
_MOST_BYTES = 1 << 26

_FUNCTIONS: dict[str | float, tuple[int, Any]] = {
    name: (primitive.arity, primitive.function) for name, primitive in PRIMITIVES.items()
}


class Evaluator:
    """Evaluates formulas on a table and keeps the values of parts that come up more than once.

    Args:
        proxies: names of the proxies, ``(proxies,)``.
        scores: their scores, ``(proxies, rows)``.
        room: number of parts that are kept; by default as many as have room in 64 MB, 1,024 at most. A formula that
            may itself need more gets it.
    """

    def __init__(self, proxies: tuple[str, ...], scores: Values, room: int | None = None) -> None:
        self._rows = scores.shape[1]
        self._leaves: dict[str | float, Values] = dict(zip(proxies, scores, strict=True))
        self._room = room or min(_MOST_KEPT, _MOST_BYTES // (8 * self._rows))
        self._kept: OrderedDict[Tokens, Values] = OrderedDict()
        self._lately: set[int] = set()
        self._earlier: set[int] = set()
        self._scratch: dict[int, Values] = {}
        self._free: list[Values] = []

    def __call__(self, tokens: Tokens) -> Values:
        """The formula's values, ``(rows,)``: not to be written to, and overwritten later."""
        # None of its parts may be thrown out while it is computed.
        self._room = max(self._room, 2 * len(tokens))
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
            return self._leaves.get(head, head)
        key = tokens[start : ends[start]]
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
            return value
        arity, compute = function
        first = self._value(tokens, start + 1, ends)
        second = self._value(tokens, ends[start + 1], ends) if arity == 2 else None
        value = self._array_for(key, first, second)
        if arity == 1:
            compute(first, out=value)
        else:
            compute(first, second, out=value)
        return value

    def _array_for(self, key: Tokens, first: Any, second: Any) -> Values:
        """Where to compute a part: an array to keep if it came up before, else scratch, rather an operand's."""
        value: Values
        scratch = self._scratch
        mark = hash(key)
        if mark in self._lately or mark in self._earlier:
            value = self._kept[key] = self._array_to_keep()
            if id(first) in scratch:
                self._free.append(first)
        else:
            # Of two parts that share a hash, the second is kept too early, which changes no value.
            self._lately.add(mark)
            if len(self._lately) >= _SOON:
                self._lately, self._earlier = set(), self._lately
            if id(first) in scratch:
                value = first
            elif id(second) in scratch:
                value, second = second, None
            else:
                value = self._free.pop() if self._free else self._scratch_array()
        if id(second) in scratch:
            self._free.append(second)
        return value

    def _array_to_keep(self) -> Values:
        """A new array, or that of the least recently used part."""
        return self._kept.popitem(last=False)[1] if len(self._kept) >= self._room else np.empty(self._rows)

    def _scratch_array(self) -> Values:
        array = np.empty(self._rows)
        self._scratch[id(array)] = array
        return array


def _ends(tokens: Tokens) -> list[int]:
    """For each position the index after the subexpression that begins there."""
    ends = [0] * len(tokens)
    arity_of = ARITY.get
    for position in range(len(tokens) - 1, -1, -1):
        arity = arity_of(tokens[position])
        if arity is None:
            ends[position] = position + 1
        elif arity == 1:
            ends[position] = ends[position + 1]
        else:
            ends[position] = ends[ends[position + 1]]
    return ends
