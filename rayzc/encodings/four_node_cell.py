"""The cell that NAS-Bench-201 and TransNAS-Bench-101 micro share: four nodes, an operation on each edge.

Node 0 is the input, node 3 the output; a node is the sum of its incoming edges. Edges are written in the
order of :data:`EDGES`. Code 0 is the identity (skip connection), code 1 is zero (none).

**When two cells are one network.** Write each node as a sum of *terms*, where a term is the cell's input or
the output of one operation: an identity edge hands on the terms of its source, a none edge hands on nothing,
any other edge is an operation whose operand is its source's sum and which yields one new term. Then

1. an operation whose operand is the empty sum (unreachable from the input) yields nothing,
2. an operation whose term never reaches the output is dropped,
3. what remains is compared up to renaming of the operations.

So two cells are equal exactly if they apply the same operations to the same sums with the same sharing of
weights. No algebra beyond that is used: a pooling of a sum is not the sum of poolings, and two poolings of
one operand stay two. Of the 15,625 cells of NAS-Bench-201 5,425 differ, of the 4,096 of TransNAS-Bench-101
micro 1,011. The 6,466 of Dong & Yang (ICLR 2020) are another count: their string form keeps zero terms of a
sum (one network counted often) and does not see shared weights (different networks counted once).

Dropped operations still have weights, and the suite's recorded ``params`` and ``flops`` count these.
"""

import itertools
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from rayzc.encodings.encoding import Encoding, Value
from rayzc.encodings.text import format_tuple, integers
from rayzc.errors import SpaceError

__all__ = ["EDGES", "four_node_cell"]

EDGES: tuple[tuple[int, int], ...] = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
IDENTITY, NONE = 0, 1

_INPUT = -1
_Terms = dict[int, int]  # term -> how often it occurs in a sum; a term is _INPUT or the edge of its operation


def four_node_cell(space: str, operations: tuple[str, ...]) -> Encoding:
    """The encoding of a space of such cells.

    Args:
        space: name of the search space.
        operations: name of the operation behind each code; codes 0 and 1 must be identity and none.
    """

    def check(value: Value) -> None:
        if len(value) != len(EDGES):
            raise SpaceError(
                f"{space} encoding '{format_tuple(value)}' has {len(value)} entries; there must be 6, one for "
                "each of the edges 0->1, 0->2, 0->3, 1->2, 1->3, 2->3"
            )
        for position, code in enumerate(value):
            if not 0 <= code < len(operations):
                start, end = EDGES[position]
                known = ", ".join(f"{i} ({name})" for i, name in enumerate(operations))
                raise SpaceError(
                    f"{space} encoding '{format_tuple(value)}': edge {start}->{end} (entry {position}) has "
                    f"operation {code}; known: {known}"
                )

    def parse(text: str) -> Value:
        value = integers(text, space)
        check(value)
        return value

    def canonical(value: Value) -> Value:
        check(value)
        return _representatives(len(operations))[value]

    codes = ", ".join(f"{code} {name}" for code, name in enumerate(operations))
    description = f"6 operations, of the edges 0->1, 0->2, 0->3, 1->2, 1->3, 2->3: {codes}"
    return Encoding(space, parse, format_tuple, check, canonical, description)


@cache
def _representatives(operations: int) -> Mapping[Value, Value]:
    """For each cell the one that stands for its network: that with most none edges, then the smallest."""
    cells = itertools.product(range(operations), repeat=len(EDGES))
    chosen: dict[Any, Value] = {}
    keys = {}
    for cell in sorted(cells, key=lambda cell: (-cell.count(NONE), cell)):
        keys[cell] = key = structure(cell)
        chosen.setdefault(key, cell)
    return MappingProxyType({cell: chosen[key] for cell, key in keys.items()})


def structure(cell: Value) -> tuple[Any, ...]:
    """What a cell computes, equal for two cells exactly if they are one network (see above)."""
    sums: list[_Terms] = [{_INPUT: 1}, {}, {}, {}]
    operands: dict[int, _Terms] = {}  # operation (its edge) -> what it is applied to
    for edge, (start, end) in sorted(enumerate(EDGES), key=lambda item: item[1][1]):
        code, source = cell[edge], sums[start]
        if code == NONE or not source:
            continue
        if code == IDENTITY:
            for term, times in source.items():
                sums[end][term] = sums[end].get(term, 0) + times
        else:
            operands[edge] = source
            sums[end][edge] = 1
    live: list[int] = []  # in an order in which operations come after those they use
    pending = [*sums[3]]
    while pending:
        edge = pending.pop()
        if edge != _INPUT and edge not in live:
            live.append(edge)
            pending += operands[edge]
    live.sort(key=lambda edge: EDGES[edge])
    classes: dict[Any, list[int]] = {}
    shapes: dict[int, Any] = {_INPUT: ()}
    for edge in live:
        inner = sorted((repr(shapes[term]), times) for term, times in operands[edge].items())
        shapes[edge] = (cell[edge], tuple(inner))
        classes.setdefault(repr(shapes[edge]), []).append(edge)
    groups = [classes[shape] for shape in sorted(classes)]

    def numbered(order: list[int]) -> tuple[Any, ...]:
        number = {edge: i for i, edge in enumerate(order)} | {_INPUT: _INPUT}

        def renamed(terms: _Terms) -> tuple[tuple[int, int], ...]:
            return tuple(sorted((number[term], times) for term, times in terms.items()))

        return tuple((cell[edge], renamed(operands[edge])) for edge in order), renamed(sums[3])

    choices = itertools.product(*(itertools.permutations(group) for group in groups))
    return min(numbered([edge for group in choice for edge in group]) for choice in choices)
