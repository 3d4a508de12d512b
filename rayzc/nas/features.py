"""How far apart two encodings are: in how many parts they differ.

The rows of a table are a random part of their search space and rarely neighbours there, so a search among them
moves to what is nearest. An encoding is read as a multiset of *parts*, and the distance of two is the number of
parts that only one of them has:

- the operation at a place, for spaces that are a row of codes;
- the edges of a graph with the operations at their ends, in NAS-Bench-101, as its vertices have no fixed places;
- the input and the operation of each edge of a node, in NAS-Bench-301, whose order does not matter;
- the words of the text at their places, in spaces that are not known.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from rayzc.spaces import ENCODINGS
from rayzc.spaces.encoding import Value
from rayzc.spaces.nasbench101.encoding import Graph

__all__ = ["PARTS", "Parts", "parts_of"]

_WORD = re.compile(r"[A-Za-z_]+|[0-9.]+")


def _codes(value: Value) -> Iterator[Hashable]:
    yield from enumerate(value)


def _graph(value: Value) -> Iterator[Hashable]:
    graph = Graph(*value)
    for start, row in enumerate(graph.matrix):
        for end, connected in enumerate(row):
            if connected:
                yield graph.operations[start], graph.operations[end]
    yield from graph.operations


def _genotype(value: Value) -> Iterator[Hashable]:
    for cell, edges in enumerate(value):
        for place, (source, operation) in enumerate(edges):
            yield cell, place // 2, source
            yield cell, place // 2, source, operation


PARTS: Mapping[str, Callable[[Value], Iterator[Hashable]]] = MappingProxyType(
    {"nasbench101": _graph, "nasbench301": _genotype}
)
"""The parts of an architecture, by search space; where there is no entry, the codes at their places."""


def parts_of(space: str, architecture: str) -> Counter[Hashable]:
    """The parts of an encoding; of its canonical form, where the space is known."""
    if space not in ENCODINGS:
        return Counter(enumerate(_WORD.findall(architecture)))
    encoding = ENCODINGS[space]
    return Counter(PARTS.get(space, _codes)(encoding.canonical(encoding.parse(architecture))))


class Parts:
    """The parts of many architectures as counts, to compare one with all of them at once.

    Attributes:
        space: name of the search space.
        counts: ``(architectures, parts)``.
    """

    def __init__(self, space: str, architectures: Sequence[str]) -> None:
        self.space = space
        counters = [parts_of(space, one) for one in architectures]
        self._columns = {
            part: column for column, part in enumerate(dict.fromkeys(p for c in counters for p in c))
        }
        self.counts: NDArray[np.int16] = np.zeros((len(counters), len(self._columns)), dtype=np.int16)
        for row, counter in enumerate(counters):
            for part, count in counter.items():
                self.counts[row, self._columns[part]] = count

    def distances(self, architecture: str) -> NDArray[np.int64]:
        """How far each of the architectures is from this one, up to what none of them has; ``(architectures,)``."""
        counts = np.zeros(len(self._columns), dtype=np.int16)
        for part, count in parts_of(self.space, architecture).items():
            if part in self._columns:
                counts[self._columns[part]] = count
        distances: NDArray[np.int64] = np.abs(self.counts - counts).sum(axis=1, dtype=np.int64)
        return distances
