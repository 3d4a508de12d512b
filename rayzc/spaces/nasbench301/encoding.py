"""NAS-Bench-301 (DARTS): a normal and a reduction cell of four nodes with two inputs each.

Siems et al., "NAS-Bench-301 and the Case for Surrogate Benchmarks for Neural Architecture Search", 2020, on
the search space of Liu et al., "DARTS: Differentiable Architecture Search", ICLR 2019.
"""

import itertools

from rayzc.errors import SpaceError
from rayzc.spaces.encoding import Encoding, Value
from rayzc.spaces.text import format_tuple, nested

__all__ = ["NASBENCH301", "OPERATIONS"]

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
NODES = 4
INPUTS = 2  # outputs of the two cells before; states 2 to 5 are this cell's nodes

_SPACE = "nasbench301"
_CELLS = ("normal", "reduction")


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
        if len(cell) != 2 * NODES:
            raise SpaceError(f"{where}: expected 8 edges, two for each of four nodes, not {len(cell)}")
        for position, edge in enumerate(cell):
            if not isinstance(edge, tuple) or len(edge) != 2 or not all(isinstance(x, int) for x in edge):
                raise SpaceError(f"{where}: edge {position} is '{edge}'; expected (input, operation)")
            state, operation = edge
            before = INPUTS + position // 2
            if not 0 <= state < before:
                raise SpaceError(
                    f"{where}: edge {position} comes from state {state}; expected 0 to {before - 1}"
                )
            if not 0 <= operation < len(OPERATIONS):
                known = ", ".join(f"{i} ({name})" for i, name in enumerate(OPERATIONS))
                raise SpaceError(f"{where}: edge {position} has operation {operation}; known: {known}")
        for node in range(NODES):
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
    nodes = [cell[2 * node : 2 * node + 2] for node in range(NODES)]
    ways = []
    for order in itertools.permutations(range(NODES)):
        state = dict(enumerate(range(INPUTS)))
        way: list[tuple[int, int]] = []
        for place, node in enumerate(order):
            if any(start not in state for start, _ in nodes[node]):
                break
            way += sorted((state[start], operation) for start, operation in nodes[node])
            state[INPUTS + node] = INPUTS + place
        else:
            ways.append(tuple(way))
    return min(ways)


NASBENCH301 = Encoding(
    _SPACE,
    parse,
    format_cells,
    check,
    canonical,
    "normal and reduction cell, each 8 pairs (input, operation), two for each of four nodes: "
    + ", ".join(f"{i} {name}" for i, name in enumerate(OPERATIONS)),
)
