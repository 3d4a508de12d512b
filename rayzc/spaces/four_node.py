"""The spaces of four-node cells, NAS-Bench-201 and TransNAS-Bench-101 micro: an operation on each of six edges.

Node 0 is the input, node 3 the output; a node is the sum of its incoming edges. NAS-Bench-201 lists the edges by
their start, TransNAS-Bench-101 by their end.

**When two cells are one network.** Write each node as a sum of *terms*, where a term is the cell's input or
the output of one operation: an identity edge passes on the terms of its source, a none edge passes on nothing,
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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from rayzc.errors import SpaceError
from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.encoding import Encoding, Value, format_tuple, integers
from rayzc.spaces.space import SearchSpace

__all__ = ["EDGES_BY_END", "EDGES_BY_START", "Cells", "FourNodeSpace", "four_node_cell"]

EDGES_BY_START = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
EDGES_BY_END = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))

_INPUT = -1
_Terms = dict[int, int]  # term -> how often it occurs in a sum; a term is _INPUT or the edge of its operation


@dataclass(frozen=True, slots=True)
class Cells:
    """How a space of four-node cells writes them down.

    Attributes:
        space: name of the search space.
        edges: (start, end) of each of the six entries of an encoding.
        operations: name of the operation behind each code.
        none: the code of the operation that returns zero.
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
    """The encoding of a space of four-node cells."""
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

    return Encoding(space, parse, format_tuple, check, canonical)


@cache
def _representatives(cells: Cells) -> Mapping[Value, Value]:
    """Maps each cell to the representative of its network: that with most none edges, then the smallest."""
    every = itertools.product(range(len(cells.operations)), repeat=len(cells.edges))
    chosen: dict[Any, Value] = {}
    keys = {}
    for cell in sorted(every, key=lambda cell: (-cell.count(cells.none), cell)):
        keys[cell] = key = structure(cell, cells)
        chosen.setdefault(key, cell)
    return MappingProxyType({cell: chosen[key] for cell, key in keys.items()})


def structure(cell: Value, cells: Cells) -> tuple[Any, ...]:
    """The computation of a cell, equal for two cells exactly if they are the same network (see above)."""
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


class FourNodeSpace(SearchSpace):
    """A space whose elements are six operation codes; neighbours differ in one of them.

    Attributes:
        cells: how the space writes its cells.
    """

    cells: Cells

    def sample(self, rng: np.random.Generator) -> Value:
        """Draws evenly from all encodings."""
        return tuple(rng.integers(len(self.cells.operations), size=len(self.cells.edges)).tolist())

    def neighbours(self, architecture: Value) -> tuple[Value, ...]:
        """All encodings with another operation on one edge, ordered by edge, then by operation."""
        self.validate(architecture)
        return tuple(
            (*architecture[:edge], code, *architecture[edge + 1 :])
            for edge in range(len(self.cells.edges))
            for code in range(len(self.cells.operations))
            if code != architecture[edge]
        )

    def cross_over(self, first: Value, second: Value, rng: np.random.Generator) -> Value:
        """Takes the operation of each edge from either parent."""
        self.validate(first)
        self.validate(second)
        takes_second = rng.integers(2, size=len(self.cells.edges)).tolist()
        return tuple(b if takes else a for a, b, takes in zip(first, second, takes_second, strict=True))

    def enumerate(self) -> Iterator[Value]:
        """All encodings in lexicographic order."""
        return itertools.product(range(len(self.cells.operations)), repeat=len(self.cells.edges))

    def draw(self, architecture: Value) -> tuple[Drawing, ...]:
        """The cell; edges without a connection are left out."""
        self.validate(architecture)
        edges = tuple(
            Edge(start, end, self.cells.operations[code])
            for (start, end), code in zip(self.cells.edges, architecture, strict=True)
            if code != self.cells.none
        )
        return (Drawing(f"{self.name} cell", ("input", "", "", "output"), edges),)
