"""NAS-Bench-301, the space of DARTS: 10^18 pairs of cells (Siems et al. 2020, https://arxiv.org/abs/2008.09777)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import comb, prod
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.encoding import Value
from rayzc.spaces.nasbench301.encoding import INPUTS, NASBENCH301, NODES, OPERATIONS
from rayzc.spaces.space import SearchSpace, Task

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["NasBench301"]

_CELLS = ("normal", "reduction")
_CODES = len(OPERATIONS)


class NasBench301(SearchSpace):
    """The space of a normal and a reduction cell.

    A node is the sum of its two edges, so their order means nothing: the elements are the encodings that list
    each node's edges by their inputs, 1,037,664,180 for each cell. Neighbours differ in the operation or in the
    input of one edge.
    """

    name = "nasbench301"
    encoding = NASBENCH301
    size = prod(comb(INPUTS + node, 2) * _CODES**2 for node in range(NODES)) ** 2
    tasks = MappingProxyType({"cifar10": Task(10, 32)})
    width = 32
    depth = 2
    width_unit = 2
    side_unit = 1

    def sample(self, rng: np.random.Generator) -> Value:
        """Draws each node's inputs evenly from all pairs of states before it, and its operations evenly."""
        cells = []
        for _ in _CELLS:
            nodes = []
            for node in range(NODES):
                pairs = list(itertools.combinations(range(INPUTS + node), 2))
                states = pairs[int(rng.integers(len(pairs)))]
                nodes.append(tuple(zip(states, rng.integers(_CODES, size=2).tolist(), strict=True)))
            cells.append(_joined(nodes))
        return tuple(cells)

    def neighbours(self, architecture: Value) -> tuple[Value, ...]:
        """All elements with another operation on one edge or another input of one, cell by cell, edge by edge."""
        self.validate(architecture)
        nodes = [_nodes(cell) for cell in architecture]
        found: dict[Value, None] = {}
        for cell, node, edge in itertools.product(range(len(_CELLS)), range(NODES), range(2)):
            pair = nodes[cell][node]
            state, code = pair[edge]
            other = pair[1 - edge]
            changed = [(state, new) for new in range(_CODES) if new != code]
            changed += [(new, code) for new in range(INPUTS + node) if new not in (state, other[0])]
            for new_edge in changed:
                cells = [list(parts) for parts in nodes]
                cells[cell][node] = tuple(sorted((new_edge, other)))
                found[tuple(map(_joined, cells))] = None
        return tuple(found)

    def cross_over(self, first: Value, second: Value, rng: np.random.Generator) -> Value:
        """Takes each node of each cell, with its two edges, from either parent."""
        self.validate(first)
        self.validate(second)
        cells = []
        for mine, other in zip(first, second, strict=True):
            takes_second = rng.integers(2, size=NODES).tolist()
            pairs = zip(_nodes(mine), _nodes(other), takes_second, strict=True)
            cells.append(_joined([b if takes else a for a, b, takes in pairs]))
        return tuple(cells)

    def enumerate(self) -> Iterator[Value]:
        """All elements, one after the other; nobody will wait for the last."""
        choices = [
            [
                tuple(zip(states, codes, strict=True))
                for states in itertools.combinations(range(INPUTS + node), 2)
                for codes in itertools.product(range(_CODES), repeat=2)
            ]
            for node in range(NODES)
        ]
        for normal in itertools.product(*choices):
            for reduction in itertools.product(*choices):
                yield _joined(normal), _joined(reduction)

    def describe(self, architecture: Value) -> str:
        """The genotype: ``normal: sep_conv_3x3(0) + skip_connect(1), ...; reduction: ...``."""
        self.validate(architecture)
        cells = (
            ", ".join(
                " + ".join(f"{OPERATIONS[code]}({state})" for state, code in node) for node in _nodes(cell)
            )
            for cell in architecture
        )
        return "; ".join(f"{name}: {cell}" for name, cell in zip(_CELLS, cells, strict=True))

    def draw(self, architecture: Value) -> tuple[Drawing, ...]:
        """The normal and the reduction cell."""
        self.validate(architecture)
        labels = ("older cell", "newer cell", "", "", "", "", "output")
        drawings = []
        for name, cell in zip(_CELLS, architecture, strict=True):
            edges = [
                Edge(state, INPUTS + place // 2, OPERATIONS[code]) for place, (state, code) in enumerate(cell)
            ]
            edges += [Edge(INPUTS + node, INPUTS + NODES) for node in range(NODES)]
            drawings.append(Drawing(f"{self.name} {name} cell", labels, tuple(edges)))
        return tuple(drawings)

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch."""
        from rayzc.spaces.nasbench301.network import NasBench301Network

        return NasBench301Network, architecture


def _nodes(cell: Value) -> list[Value]:
    """The cell's nodes, each with its edges in the order of their inputs."""
    return [tuple(sorted(cell[2 * node : 2 * node + 2])) for node in range(NODES)]


def _joined(nodes: list[Value] | Value) -> Value:
    return tuple(itertools.chain.from_iterable(nodes))
