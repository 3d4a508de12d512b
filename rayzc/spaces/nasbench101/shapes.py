"""All cells of NAS-Bench-101, found by their shape.

A *shape* is a graph without operations: all of its `n` vertices lie on paths from the first to the last, it
has at most nine edges, and the names of its inner vertices mean nothing. There are only 2,494, found in a
fraction of a second and then kept, with their symmetries. A cell is a shape with operations, up to the shape's
symmetries; so all 423,624 cells can be numbered, drawn evenly, and told apart in microseconds.

A matrix is written as an integer, its *code*: bit ``p`` is set if the `p`-th pair of ``(0, 1), (0, 2), ...,
(n-2, n-1)`` is an edge. The operations of the inner vertices are written as a *colouring*, an integer to the
base 3 with the first vertex in the lowest place.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from rayzc.spaces.nasbench101.encoding import INPUT, MAX_EDGES, MAX_VERTICES, OUTPUT, Graph

__all__ = ["CODES", "Cell", "Shapes", "edge_bit", "shapes"]

CODES = (2, 3, 4)
"""The operation codes of inner vertices, in the order of the digits of a colouring."""

_BASE = len(CODES)
_FORBIDDEN = 1 << 28  # above all codes

Cell = tuple[int, int]
"""A cell by its shape's number and its colouring, the smallest of those the shape's symmetries make of it."""


@cache
def edge_bit(start: int, end: int, vertices: int) -> int:
    """The bit of the edge `start` -> `end` in the code of a matrix with this number of vertices."""
    return 1 << (start * (2 * vertices - start - 1) // 2 + end - start - 1)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A graph without operations.

    Attributes:
        matrix: adjacency ``(n, n)``, in the numbering of the vertices that has the smallest code.
        symmetries: the ways to renumber the inner vertices, counted from 0, that keep the matrix, as places
            in a colouring: digit `k` goes to place ``symmetry[k]``.
        colourings: ``(cells,)`` colourings of the different cells of this shape, ascending.
    """

    matrix: tuple[tuple[int, ...], ...]
    symmetries: tuple[tuple[int, ...], ...]
    colourings: npt.NDArray[np.intp]


class Shapes:
    """All shapes, and the cells as numbers. Made once, by :func:`shapes`."""

    def __init__(self) -> None:
        self._shapes: list[_Shape] = []
        self._numbered: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}
        for vertices in range(2, MAX_VERTICES + 1):
            self._add(vertices)
        self._ends = np.cumsum([len(shape.colourings) for shape in self._shapes])

    def __len__(self) -> int:
        """The number of cells."""
        return int(self._ends[-1])

    def __iter__(self) -> Iterator[Graph]:
        """All cells, by number of vertices, then by shape, then by operations."""
        for number, shape in enumerate(self._shapes):
            for colouring in shape.colourings.tolist():
                yield self.graph((number, colouring))

    def __getitem__(self, index: int) -> Graph:
        """The cell in this place of the order in which they are iterated."""
        number = int(np.searchsorted(self._ends, index, side="right"))
        colourings = self._shapes[number].colourings
        return self.graph((number, int(colourings[index - self._ends[number] + len(colourings)])))

    def find(self, code: int, operations: Sequence[int]) -> Cell | None:
        """The cell that a matrix and its vertices' operations make.

        Args:
            code: code of the matrix.
            operations: ``(n,)`` operation codes, those of the input and the output among them.

        Returns:
            The cell, or None if a vertex is on no path from the input to the output or there are more than nine
            edges.
        """
        known = self._numbered.get((len(operations), code))
        if known is None:
            return None
        number, places = known
        digits = [operation - CODES[0] for operation in operations[1:-1]]
        ordered = [0] * len(digits)
        for place, digit in zip(places, digits, strict=True):
            ordered[place] = digit
        symmetries = self._shapes[number].symmetries
        return number, min(
            sum(digit * _BASE**place for place, digit in zip(symmetry, ordered, strict=True))
            for symmetry in symmetries
        )

    def cell(self, graph: Graph) -> Cell | None:
        """The cell of an encoding, see :meth:`find`."""
        n = len(graph.operations)
        pairs = itertools.combinations(range(n), 2)
        return self.find(sum(edge_bit(i, j, n) for i, j in pairs if graph.matrix[i][j]), graph.operations)

    def graph(self, cell: Cell) -> Graph:
        """The cell as an encoding: its shape's matrix, and its operations."""
        number, colouring = cell
        matrix = self._shapes[number].matrix
        operations = []
        for _ in range(len(matrix) - 2):
            colouring, digit = divmod(colouring, _BASE)
            operations.append(CODES[digit])
        return Graph(matrix, (INPUT, *operations, OUTPUT))

    def _add(self, vertices: int) -> None:
        codes = _complete(vertices)
        renumberings = list(itertools.permutations(range(vertices - 2)))
        smallest, by = codes.copy(), np.zeros(len(codes), np.intp)
        relabelled = np.empty((len(renumberings), len(codes)), codes.dtype)
        for place, renumbering in enumerate(renumberings):
            relabelled[place] = _relabel(codes, renumbering, vertices)
            better = relabelled[place] < smallest
            smallest[better], by[better] = relabelled[place][better], place
        digits = np.array(list(itertools.product(range(_BASE), repeat=vertices - 2)), np.intp)
        numbers = {}
        for column in np.flatnonzero(smallest == codes).tolist():
            code = int(codes[column])
            symmetries = tuple(
                renumberings[place] for place in np.flatnonzero(relabelled[:, column] == code).tolist()
            )
            numbers[code] = len(self._shapes)
            matrix = tuple(
                tuple(int(i < j and code & edge_bit(i, j, vertices) != 0) for j in range(vertices))
                for i in range(vertices)
            )
            self._shapes.append(_Shape(matrix, symmetries, _different(digits, symmetries)))
        for code, least, place in zip(codes.tolist(), smallest.tolist(), by.tolist(), strict=True):
            self._numbered[vertices, code] = numbers[least], renumberings[place]


def _complete(vertices: int) -> npt.NDArray[np.int32]:
    """The codes of all matrices with at most nine edges and each vertex on a path from first to last."""
    codes = np.arange(1 << vertices * (vertices - 1) // 2, dtype=np.int32)
    # Edges go up, so every vertex with an edge into it is reached from the first, and so on backwards.
    for vertex in range(1, vertices):
        codes = codes[codes & sum(edge_bit(start, vertex, vertices) for start in range(vertex)) != 0]
    for vertex in range(vertices - 1):
        codes = codes[
            codes & sum(edge_bit(vertex, end, vertices) for end in range(vertex + 1, vertices)) != 0
        ]
    return codes[np.bitwise_count(codes) <= MAX_EDGES]


def _relabel(
    codes: npt.NDArray[np.int32], renumbering: Sequence[int], vertices: int
) -> npt.NDArray[np.int32]:
    """The codes after inner vertices are renumbered; above all codes where an edge would go down."""
    new = [0, *(1 + place for place in renumbering), vertices - 1]
    result = np.zeros_like(codes)
    for start, end in itertools.combinations(range(vertices), 2):
        up = new[start] < new[end]
        bit = edge_bit(new[start], new[end], vertices) if up else _FORBIDDEN
        result |= np.where(codes & edge_bit(start, end, vertices), bit, 0).astype(codes.dtype)
    return result


def _different(digits: npt.NDArray[np.intp], symmetries: tuple[tuple[int, ...], ...]) -> npt.NDArray[np.intp]:
    """The colourings ``(cells,)`` that no symmetry makes smaller, ascending, of ``(all, inner)`` digits."""
    places = np.array(symmetries, np.intp).reshape(len(symmetries), digits.shape[1])
    values = digits @ (_BASE**places).T
    own = digits @ _BASE ** np.arange(digits.shape[1])
    return np.sort(own[values.min(axis=1) == own])


@cache
def shapes() -> Shapes:
    """The shapes, found at the first call (in about a tenth of a second)."""
    return Shapes()
