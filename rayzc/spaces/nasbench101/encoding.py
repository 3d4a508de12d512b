"""NAS-Bench-101: a cell is a directed acyclic graph of two to seven vertices with an operation on each.

Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019: at most nine edges,
423,624 graphs that differ. Vertex 0 is the input, the last the output.
"""

import itertools
from math import isqrt
from typing import Any, NamedTuple

from rayzc.errors import SpaceError
from rayzc.spaces.encoding import Encoding, Value, format_tuple, integers

__all__ = ["NASBENCH101", "OPERATIONS", "Graph"]

OPERATIONS = ("input", "output", "maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu")
INPUT, OUTPUT = 0, 1
MAX_VERTICES = 7
MAX_EDGES = 9

_SPACE = "nasbench101"


class Graph(NamedTuple):
    """A cell as a matrix and operations.

    Attributes:
        matrix: ``(n, n)`` rows of 0 and 1, strictly upper triangular; ``matrix[i][j]`` is the edge i -> j.
        operations: ``(n,)`` codes of :data:`OPERATIONS`.
    """

    matrix: tuple[tuple[int, ...], ...]
    operations: tuple[int, ...]


def parse(text: str) -> Graph:
    """Text of ``n * n + n`` integers: the matrix row by row, then the operations."""
    values = integers(text, _SPACE)
    n = (isqrt(1 + 4 * len(values)) - 1) // 2
    if n * n + n != len(values) or not 2 <= n <= MAX_VERTICES:
        raise SpaceError(
            f"{_SPACE} encoding '{text}' has {len(values)} numbers; expected n * n + n of them, n from 2 to "
            "7: 6, 12, 20, 30, 42 or 56"
        )
    graph = Graph(tuple(values[i * n : i * n + n] for i in range(n)), values[n * n :])
    check(graph)
    return graph


def format_graph(value: Value) -> str:
    """Writes the matrix row by row, then the operations."""
    matrix, operations = value
    return format_tuple((*itertools.chain.from_iterable(matrix), *operations))


def check(value: Value) -> None:
    """Strictly upper triangular, input first, output last, a path between them, at most nine live edges."""
    if not _has_the_shape(value):
        raise SpaceError(
            f"{_SPACE} encoding '{value}': expected an n by n matrix and n operations, n from 2 to 7"
        )
    matrix, operations = value
    n = len(operations)
    where = f"{_SPACE} encoding '{format_graph(value)}'"
    for i, j in itertools.product(range(n), repeat=2):
        if matrix[i][j] not in ((0, 1) if i < j else (0,)):
            what = "0 or 1" if i < j else "0 (the matrix is strictly upper triangular)"
            raise SpaceError(f"{where}: row {i}, column {j} of the matrix is {matrix[i][j]}; expected {what}")
    for vertex, code in enumerate(operations):
        expected = (INPUT,) if vertex == 0 else (OUTPUT,) if vertex == n - 1 else (2, 3, 4)
        if code not in expected:
            known = " or ".join(f"{i} ({OPERATIONS[i]})" for i in expected)
            raise SpaceError(f"{where}: vertex {vertex} has operation {code}; expected {known}")
    live = _live(matrix)
    if not live:
        raise SpaceError(f"{where}: no path leads from the input to the output")
    edges = sum(matrix[i][j] for i in live for j in live)
    if edges > MAX_EDGES:
        raise SpaceError(f"{where} has {edges} edges on paths from input to output; at most 9 are allowed")


def _has_the_shape(value: Value) -> bool:
    if len(value) != 2 or not all(isinstance(part, tuple) for part in value):
        return False
    matrix, operations = value
    n = len(operations)
    square = len(matrix) == n and all(isinstance(row, tuple) and len(row) == n for row in matrix)
    return square and 2 <= n <= MAX_VERTICES


def prune(graph: Graph) -> Graph:
    """Without the vertices that are on no path from the input to the output; the others keep their order."""
    live = _live(graph.matrix)
    return Graph(
        tuple(tuple(graph.matrix[i][j] for j in live) for i in live), tuple(graph.operations[i] for i in live)
    )


def canonical(value: Value) -> Graph:
    """The pruned graph with its vertices in an order that depends on the graph alone.

    Exact, not a hash: vertices are coloured by operation and longest path from the input, and colours are refined
    by those of the neighbours until they are stable. Of all orders that follow the colours, the canonical one has the
    smallest matrix. Longest paths come first in the colour, so the order is topological.
    """
    check(value)
    matrix, operations = prune(Graph(*value))
    n = len(operations)
    before = [[i for i in range(n) if matrix[i][j]] for j in range(n)]
    after = [[j for j in range(n) if matrix[i][j]] for i in range(n)]
    depth = [0] * n
    for j in range(1, n):
        depth[j] = 1 + max(depth[i] for i in before[j])
    colour = _ranks([(depth[v], operations[v]) for v in range(n)])
    while True:
        refined = _ranks(
            [
                (
                    colour[v],
                    tuple(sorted(colour[i] for i in before[v])),
                    tuple(sorted(colour[j] for j in after[v])),
                )
                for v in range(n)
            ]
        )
        if refined == colour:
            break
        colour = refined
    classes: list[list[int]] = [[] for _ in range(max(colour) + 1)]
    for v in range(n):
        classes[colour[v]].append(v)
    best: tuple[tuple[int, ...], ...] | None = None
    order: list[int] = []
    for choice in itertools.product(*(_arrangements(group, before, after) for group in classes)):
        candidate = [v for group in choice for v in group]
        rows = tuple(tuple(matrix[i][j] for j in candidate) for i in candidate)
        if best is None or rows < best:
            best, order = rows, candidate
    assert best is not None
    return Graph(best, tuple(operations[v] for v in order))


def _live(matrix: tuple[tuple[int, ...], ...]) -> list[int]:
    """The vertices on a path from the first to the last, ascending; empty if there is no such path."""
    n = len(matrix)
    reached, reaching = {0}, {n - 1}
    for j in range(1, n):
        if any(matrix[i][j] for i in reached):
            reached.add(j)
    for i in range(n - 2, -1, -1):
        if any(matrix[i][j] for j in reaching):
            reaching.add(i)
    live = sorted(reached & reaching)
    return live if 0 in live else []


def _ranks(keys: list[tuple[Any, ...]]) -> list[int]:
    """The place of each key among the different keys."""
    rank = {key: i for i, key in enumerate(sorted(set(keys)))}
    return [rank[key] for key in keys]


def _arrangements(group: list[int], before: list[list[int]], after: list[list[int]]) -> list[tuple[int, ...]]:
    """All orders of a class; a single order if all have the same inputs and outputs and so are interchangeable."""
    first = group[0]
    if all(before[v] == before[first] and after[v] == after[first] for v in group[1:]):
        return [tuple(group)]
    return list(itertools.permutations(group))


NASBENCH101 = Encoding(_SPACE, parse, format_graph, check, canonical)
