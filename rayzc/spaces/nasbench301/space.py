"""NAS-Bench-301, the space of DARTS: 10^18 pairs of a normal and a reduction cell.

A cell has four nodes with two inputs each. Siems et al., "NAS-Bench-301 and the Case for Surrogate Benchmarks for
Neural Architecture Search", 2020 (https://arxiv.org/abs/2008.09777), on the search space of Liu et al., "DARTS:
Differentiable Architecture Search", ICLR 2019.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Iterator
from math import comb, prod
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rayzc.errors import SpaceError
from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.encoding import Encoding, Value, format_tuple, nested
from rayzc.spaces.space import SearchSpace, Task

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["NASBENCH301", "NasBench301"]

_OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
_NODES = 4
_INPUTS = 2  # the outputs of the two cells before; states 2 to 5 are this cell's nodes

_SPACE = "nasbench301"
_CELLS = ("normal", "reduction")
_CODES = len(_OPERATIONS)


def parse(text: str) -> Value:
    """Text ``[[(input, operation) x 8], [(input, operation) x 8]]`` to two tuples of eight pairs."""
    value = nested(text, _SPACE)
    check(value)
    return value


def format_cells(value: Value) -> str:
    """Writes ``[[(0, 1), ...], [...]]``."""
    return f"[{', '.join('[' + ', '.join(map(format_tuple, cell)) + ']' for cell in value)}]"


def check(value: Value) -> None:
    """Two cells; each node has two different inputs, from states that exist before it."""
    if len(value) != len(_CELLS) or not all(isinstance(cell, tuple) for cell in value):
        raise SpaceError(f"{_SPACE} encoding '{value}': expected two cells, normal and reduction")
    for name, cell in zip(_CELLS, value, strict=True):
        where = f"{_SPACE} encoding '{value}', {name} cell"
        if len(cell) != 2 * _NODES:
            raise SpaceError(f"{where}: expected 8 edges, two for each of four nodes, not {len(cell)}")
        for position, edge in enumerate(cell):
            if not isinstance(edge, tuple) or len(edge) != 2 or not all(isinstance(x, int) for x in edge):
                raise SpaceError(f"{where}: edge {position} is '{edge}'; expected (input, operation)")
            state, operation = edge
            before = _INPUTS + position // 2
            if not 0 <= state < before:
                raise SpaceError(
                    f"{where}: edge {position} comes from state {state}; expected 0 to {before - 1}"
                )
            if not 0 <= operation < len(_OPERATIONS):
                known = ", ".join(f"{i} ({name})" for i, name in enumerate(_OPERATIONS))
                raise SpaceError(f"{where}: edge {position} has operation {operation}; known: {known}")
        for node in range(_NODES):
            if cell[2 * node][0] == cell[2 * node + 1][0]:
                raise SpaceError(
                    f"{where}: both edges of node {node} come from state {cell[2 * node][0]}; a node has two "
                    "different inputs"
                )


def canonical(value: Value) -> Value:
    """The smallest of all ways to write the two cells down.

    A node is the sum of its two edges, so their order is free; a cell is the concatenation of its nodes, so
    their order is free as far as each comes after its inputs (it permutes channels, and with them the weights
    of what reads them). The two inputs of a cell are not exchangeable.
    """
    check(value)
    return tuple(map(_canonical_cell, value))


def _canonical_cell(cell: Value) -> Value:
    nodes = [cell[2 * node : 2 * node + 2] for node in range(_NODES)]
    ways = []
    for order in itertools.permutations(range(_NODES)):
        state = dict(enumerate(range(_INPUTS)))
        way: list[tuple[int, int]] = []
        for place, node in enumerate(order):
            if any(start not in state for start, _ in nodes[node]):
                break
            way += sorted((state[start], operation) for start, operation in nodes[node])
            state[_INPUTS + node] = _INPUTS + place
        else:
            ways.append(tuple(way))
    return min(ways)


NASBENCH301 = Encoding(_SPACE, parse, format_cells, check, canonical)


class NasBench301(SearchSpace):
    """The space of a normal and a reduction cell.

    A node is the sum of its two edges, so their order means nothing: the elements are the encodings that list
    each node's edges by their inputs, 1,037,664,180 for each cell. Neighbours differ in the operation or in the
    input of one edge.
    """

    name = "nasbench301"
    encoding = NASBENCH301
    size = prod(comb(_INPUTS + node, 2) * _CODES**2 for node in range(_NODES)) ** 2
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
            for node in range(_NODES):
                pairs = list(itertools.combinations(range(_INPUTS + node), 2))
                states = pairs[int(rng.integers(len(pairs)))]
                nodes.append(tuple(zip(states, rng.integers(_CODES, size=2).tolist(), strict=True)))
            cells.append(_joined(nodes))
        return tuple(cells)

    def neighbours(self, architecture: Value) -> tuple[Value, ...]:
        """All elements that differ in the operation or the input of one edge, cell by cell, edge by edge."""
        self.validate(architecture)
        nodes = [_nodes(cell) for cell in architecture]
        found: dict[Value, None] = {}
        for cell, node, edge in itertools.product(range(len(_CELLS)), range(_NODES), range(2)):
            pair = nodes[cell][node]
            state, code = pair[edge]
            other = pair[1 - edge]
            changed = [(state, new) for new in range(_CODES) if new != code]
            changed += [(new, code) for new in range(_INPUTS + node) if new not in (state, other[0])]
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
            takes_second = rng.integers(2, size=_NODES).tolist()
            pairs = zip(_nodes(mine), _nodes(other), takes_second, strict=True)
            cells.append(_joined([b if takes else a for a, b, takes in pairs]))
        return tuple(cells)

    def enumerate(self) -> Iterator[Value]:
        """All elements; there are too many to go through all of them."""
        choices = [
            [
                tuple(zip(states, codes, strict=True))
                for states in itertools.combinations(range(_INPUTS + node), 2)
                for codes in itertools.product(range(_CODES), repeat=2)
            ]
            for node in range(_NODES)
        ]
        for normal in itertools.product(*choices):
            for reduction in itertools.product(*choices):
                yield _joined(normal), _joined(reduction)

    def parts(self, architecture: Value) -> Counter[Hashable]:
        """The input, and the input with its operation, of each edge of a node: the order of edges is free."""
        return Counter(
            part
            for number, cell in enumerate(self.canonical(architecture))
            for place, (source, operation) in enumerate(cell)
            for part in ((number, place // 2, source), (number, place // 2, source, operation))
        )

    def describe(self, architecture: Value) -> str:
        """The genotype: ``normal: sep_conv_3x3(0) + skip_connect(1), ...; reduction: ...``."""
        self.validate(architecture)
        cells = (
            ", ".join(
                " + ".join(f"{_OPERATIONS[code]}({state})" for state, code in node) for node in _nodes(cell)
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
                Edge(state, _INPUTS + place // 2, _OPERATIONS[code])
                for place, (state, code) in enumerate(cell)
            ]
            edges += [Edge(_INPUTS + node, _INPUTS + _NODES) for node in range(_NODES)]
            drawings.append(Drawing(f"{self.name} {name} cell", labels, tuple(edges)))
        return tuple(drawings)

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch."""
        from rayzc.spaces.nasbench301.network import NasBench301Network

        return NasBench301Network, architecture


def _nodes(cell: Value) -> list[Value]:
    """The cell's nodes, each with its edges in the order of their inputs."""
    return [tuple(sorted(cell[2 * node : 2 * node + 2])) for node in range(_NODES)]


def _joined(nodes: list[Value] | Value) -> Value:
    return tuple(itertools.chain.from_iterable(nodes))
