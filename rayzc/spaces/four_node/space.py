"""What the two spaces have in common whose cell has four nodes and an operation on each of its six edges."""

import itertools
from collections.abc import Iterator

import numpy as np

from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.encoding import Value
from rayzc.spaces.space import SearchSpace

__all__ = ["FourNodeSpace"]


class FourNodeSpace(SearchSpace):
    """A space whose elements are six operation codes; neighbours differ in one of them.

    Attributes:
        edges: (start, end) of each of the six entries.
        operations: name of the operation behind each code.
        none: name of the operation that does not connect.
    """

    edges: tuple[tuple[int, int], ...]
    operations: tuple[str, ...]
    none: str = "none"

    def sample(self, rng: np.random.Generator) -> Value:
        """Draws evenly from all encodings."""
        return tuple(rng.integers(len(self.operations), size=len(self.edges)).tolist())

    def neighbours(self, architecture: Value) -> tuple[Value, ...]:
        """All encodings with another operation on one edge, ordered by edge, then by operation."""
        self.validate(architecture)
        return tuple(
            (*architecture[:edge], code, *architecture[edge + 1 :])
            for edge in range(len(self.edges))
            for code in range(len(self.operations))
            if code != architecture[edge]
        )

    def cross_over(self, first: Value, second: Value, rng: np.random.Generator) -> Value:
        """Takes the operation of each edge from either parent."""
        self.validate(first)
        self.validate(second)
        takes_second = rng.integers(2, size=len(self.edges)).tolist()
        return tuple(b if takes else a for a, b, takes in zip(first, second, takes_second, strict=True))

    def enumerate(self) -> Iterator[Value]:
        """All encodings in lexicographic order."""
        return itertools.product(range(len(self.operations)), repeat=len(self.edges))

    def draw(self, architecture: Value) -> tuple[Drawing, ...]:
        """The cell; edges without connection are left out."""
        self.validate(architecture)
        names = [self.operations[code] for code in architecture]
        edges = (
            Edge(start, end, name)
            for (start, end), name in zip(self.edges, names, strict=True)
            if name != self.none
        )
        return (Drawing(f"{self.name} cell", ("input", "", "", "output"), tuple(edges)),)
