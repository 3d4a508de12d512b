"""NAS-Bench-101: 423,624 graphs of up to seven vertices (Ying et al. 2019, https://arxiv.org/abs/1902.09635)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.encoding import Value
from rayzc.spaces.nasbench101.edits import crossed, edited
from rayzc.spaces.nasbench101.encoding import NASBENCH101, OPERATIONS, Graph, prune
from rayzc.spaces.nasbench101.shapes import shapes
from rayzc.spaces.space import SearchSpace, Task

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["NasBench101"]


class NasBench101(SearchSpace):
    """The space of all cells: graphs with an operation on each vertex.

    An element is a graph without useless vertices, one for all graphs that are the same up to the names of
    their vertices. All methods take any encoding and see the graph in it.

    Neighbours differ by the operation of one vertex, by one edge more or less, or by one vertex more or less
    that has a single edge in and a single edge out; no other vertex may become useless by that.
    """

    name = "nasbench101"
    encoding = NASBENCH101
    size = 423624
    tasks = MappingProxyType({"cifar10": Task(10, 32)})
    width = 128
    depth = 3
    width_unit = 4
    side_unit = 4

    def sample(self, rng: np.random.Generator) -> Value:
        """Draws evenly from the 423,624 graphs that differ, by their number.

        To draw a matrix and operations until they are valid, as is often done, is something else: a graph
        that can be written in many ways comes up more often by that factor.
        """
        return shapes()[int(rng.integers(self.size))]

    def neighbours(self, architecture: Value) -> tuple[Value, ...]:
        """All cells with another operation, another edge, a vertex less or a vertex more, in this order."""
        graph = self._graph(architecture)
        found = dict.fromkeys(edited(graph))
        found.pop(shapes().cell(graph), None)
        return tuple(shapes().graph(cell) for cell in found if cell is not None)

    def cross_over(self, first: Value, second: Value, rng: np.random.Generator) -> Value:
        """Takes each vertex, with its operation and the edges into it, from either parent.

        Useless vertices are dropped. The choice is drawn evenly from all valid choices that mix both parents, or from
        the two parents if no such choice is valid.
        """
        return shapes().graph(crossed(self._graph(first), self._graph(second), rng))

    def enumerate(self) -> Iterator[Value]:
        """All graphs by number of vertices, then by shape, then by operations."""
        return iter(shapes())

    def parts(self, architecture: Value) -> Counter[Hashable]:
        """The edges with the operations at their ends, and the operations: vertices have no fixed places."""
        matrix, operations = self.canonical(architecture)
        ends = ((i, j) for i, row in enumerate(matrix) for j, connected in enumerate(row) if connected)
        return Counter([*((operations[i], operations[j]) for i, j in ends), *operations])

    def describe(self, architecture: Value) -> str:
        """Each vertex with those before it: ``0 input; 1 conv3x3-bn-relu(0); 2 output(0, 1)``."""
        matrix, operations = self._graph(architecture)
        parts = []
        for end, code in enumerate(operations):
            starts = ", ".join(str(start) for start in range(end) if matrix[start][end])
            parts.append(f"{end} {OPERATIONS[code]}" + (f"({starts})" if starts else ""))
        return "; ".join(parts)

    def draw(self, architecture: Value) -> tuple[Drawing, ...]:
        """The cell without useless vertices."""
        matrix, operations = self._graph(architecture)
        pairs = combinations(range(len(operations)), 2)
        edges = tuple(Edge(start, end) for start, end in pairs if matrix[start][end])
        return (Drawing(f"{self.name} cell", tuple(OPERATIONS[code] for code in operations), edges),)

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch."""
        from rayzc.spaces.nasbench101.network import NasBench101Network

        return NasBench101Network, self._graph(architecture)

    def _graph(self, architecture: Value) -> Graph:
        self.validate(architecture)
        return prune(Graph(*architecture))
