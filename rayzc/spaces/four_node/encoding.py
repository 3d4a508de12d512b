"""The cell that NAS-Bench-201 and TransNAS-Bench-101 micro share: four nodes, an operation on each edge.

Node 0 is the input, node 3 the output; a node is the sum of its incoming edges.

**When two cells are one network.** Write each node as a sum of *terms*, where a term is the cell's input or
the output of one operation: an identity edge hands on the terms of its source, a none edge hands on nothing,
any other edge is an operation whose operand is its source's sum and which yields one new term. Then

1. an operation whose operand is the empty sum (unreachable from the input) yields nothing,
2. an operation whose term never reaches the output is dropped,
3. what remains is compared up to renaming of the operations.

So two cells are equal exactly if they apply the same operations to the same sums with the same sharing of
weights. No algebra beyond that is used: a pooling of a sum is not the sum of poolings, and two poolings of
one operand stay two. Dropped operations still have weights, and the suite's recorded ``params`` and ``flops``
count these.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from rayzc.errors import SpaceError
from rayzc.spaces.encoding import Encoding, Value
from rayzc.spaces.text import format_tuple, integers

__all__ = ["Cells", "four_node_cell"]

_INPUT = -1
_Terms = dict[int, int]  # term -> how often it occurs in a sum; a term is _INPUT or the edge of its operation


@dataclass(frozen=True, slots=True)
class Cells:
    """How a space of such cells is written down.

    Attributes:
        space: name of the search space.
        edges: (start, end) of each of the six entries of an encoding.
        operations: name of the operation behind each code.
        none: the code of the operation that gives zero.
        identity: the code of the skip connection.
        weighted_input_skip: whether a skip connection from node 0 has weights, since it also has to change
            the resolution in some cells of the network; it is then an operation like any other.
    """

    space: str
    edges: tuple[tuple[int, int], ...]
    operations: tuple[str, ...]
    none: int
    identity: int
    weighted_input_skip: bool


def four_node_cell(cells: Cells) -> Encoding:
    """The encoding of a space of such cells."""
    space, edges, operations = cells.space, cells.edges, cells.operations
    arrows = ", ".join(f"{start}->{end}" for start, end in edges)
    codes = ", ".join(f"{code} {name}" for code, name in enumerate(operations))

    def check(value: Value) -> None:
        if len(value) != len(edges):
            raise SpaceError(
                f"{space} encoding '{format_tuple(value)}' has {len(value)} entries; expected 6, one for "
                f"each of the edges {arrows}"
            )
        for position, (code, (start, end)) in enumerate(zip(value, edges, strict=True)):
            if code not in range(len(operations)):
                raise SpaceError(
                    f"{space} encoding '{format_tuple(value)}': edge {start}->{end} (entry {position}) has "
                    f"operation {code}; known: {codes}"
                )

    def parse(text: str) -> Value:
        value = integers(text, space)
        check(value)
        return value

    def canonical(value: Value) -> Value:
        check(value)
        return _representatives(cells)[value]

    description = f"6 operations, of the edges {arrows}: {codes}"
    return Encoding(space, parse, format_tuple, check, canonical, description)


@cache
def _representatives(cells: Cells) -> Mapping[Value, Value]:
    """For each cell the one that stands for its network: that with most none edges, then the smallest."""
    every = itertools.product(range(len(cells.operations)), repeat=len(cells.edges))
    chosen: dict[Any, Value] = {}
    keys = {}
    for cell in sorted(every, key=lambda cell: (-cell.count(cells.none), cell)):
        keys[cell] = key = structure(cell, cells)
        chosen.setdefault(key, cell)
    return MappingProxyType({cell: chosen[key] for cell, key in keys.items()})


def structure(cell: Value, cells: Cells) -> tuple[Any, ...]:
    """What a cell computes, equal for two cells exactly if they are one network (see above)."""
    sums: list[_Terms] = [{_INPUT: 1}, {}, {}, {}]
    operands: dict[int, _Terms] = {}  # operation (its edge) -> what it is applied to
    for edge, (start, end) in sorted(enumerate(cells.edges), key=lambda item: item[1][1]):
        code, source = cell[edge], sums[start]
        if code == cells.none or not source:
            continue
        if code == cells.identity and (start > 0 or not cells.weighted_input_skip):
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
    live.sort(key=lambda edge: cells.edges[edge])
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
