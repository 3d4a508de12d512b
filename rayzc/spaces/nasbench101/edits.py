"""Moves between cells of NAS-Bench-101: the cells one edit away, and the crossing of two cells."""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product

import numpy as np

from rayzc.spaces.nasbench101.encoding import INPUT, MAX_VERTICES, Graph
from rayzc.spaces.nasbench101.shapes import CODES, Cell, edge_bit, shapes

__all__ = ["crossed", "edited"]

_SLOTS = MAX_VERTICES - 1  # of a cell of seven vertices, all but the input


def edited(graph: Graph) -> Iterator[Cell | None]:
    """Yields all cells one edit away, some more than once, and None for an edit that makes no valid cell.

    Args:
        graph: a cell without useless vertices.
    """
    matrix, operations = graph
    n = len(operations)
    known = shapes()
    code = sum(edge_bit(i, j, n) for i, j in combinations(range(n), 2) if matrix[i][j])
    starts = [sum(1 << i for i in range(j) if matrix[i][j]) for j in range(n)]
    ancestors = _ancestors(starts)
    inner = range(1, n - 1)
    for vertex, other in product(inner, CODES):
        yield known.find(code, (*operations[:vertex], other, *operations[vertex + 1 :]))
    for i, j in combinations(range(n), 2):
        yield known.find(code ^ edge_bit(i, j, n), operations)
    for i, j in combinations(inner, 2):
        if not ancestors[j] >> i & 1:  # then i may as well come after j
            yield _find([*starts[:i], starts[i] | 1 << j, *starts[i + 1 :]], operations)
    for vertex in inner:
        if starts[vertex].bit_count() == 1 and sum(matrix[vertex]) == 1:
            below = (1 << vertex) - 1
            rest = [mask & below | mask >> vertex + 1 << vertex for mask in starts]
            yield _find(
                [*rest[:vertex], *rest[vertex + 1 :]], (*operations[:vertex], *operations[vertex + 1 :])
            )
    if n < MAX_VERTICES:
        for i, j in permutations(range(n), 2):
            if i < n - 1 and j > 0 and not ancestors[i] >> j & 1:
                new = [*starts, 1 << i]
                new[j] |= 1 << n
                for operation in CODES:
                    yield _find(new, (*operations, operation))


def crossed(first: Graph, second: Graph, rng: np.random.Generator) -> Cell:
    """A cell that takes each vertex, with its operation and the edges into it, from either of two.

    The vertices of the two are paired from the input on, and so are their outputs. The choice is drawn evenly from all
    valid choices that mix both, or from the two parents if no such choice is valid.

    Args:
        first: a cell without useless vertices.
        second: another cell without useless vertices.
        rng: the random generator.
    """
    parents = (_slots(first), _slots(second))
    only_second = 2**_SLOTS - 1
    mixed = 1 + rng.permutation(only_second - 1)
    for choice in [*mixed.tolist(), *rng.permutation([0, only_second]).tolist()]:
        child = _assembled([parents[choice >> slot & 1][slot] for slot in range(_SLOTS)])
        if child is not None:
            return child
    raise AssertionError("a parent is a valid child")


def _ancestors(starts: Sequence[int]) -> list[int]:
    """From which vertices each is reached, as sets of bits; vertices are in topological order."""
    result: list[int] = []
    for mask in starts:
        reached = mask
        for vertex, above in enumerate(result):
            if mask >> vertex & 1:
                reached |= above
        result.append(reached)
    return result


def _find(starts: Sequence[int], operations: Sequence[int]) -> Cell | None:
    """The cell of vertices in any order, each with the set of those that have an edge to it."""
    n = len(starts)
    order: list[int] = []
    placed = 0
    while len(order) < n:
        ready = next(v for v in range(n) if not placed >> v & 1 and not starts[v] & ~placed)
        order.append(ready)
        placed |= 1 << ready
    code = sum(edge_bit(i, j, n) for i, j in combinations(range(n), 2) if starts[order[j]] >> order[i] & 1)
    return shapes().find(code, [operations[vertex] for vertex in order])


def _slots(graph: Graph) -> list[tuple[int, int]]:
    """Sets of starts, and operations, of seven vertices but the input; empty where the cell has no vertex."""
    matrix, operations = graph
    n = len(operations)
    columns = [(sum(1 << i for i in range(j) if matrix[i][j]), operations[j]) for j in range(1, n)]
    return [*columns[:-1], *[(0, INPUT)] * (MAX_VERTICES - n), columns[-1]]


def _assembled(slots: Sequence[tuple[int, int]]) -> Cell | None:
    starts = [0, *(mask for mask, _ in slots)]
    reached, reaching = 1, 1 << _SLOTS
    for vertex in range(1, MAX_VERTICES):
        if starts[vertex] & reached:
            reached |= 1 << vertex
    for vertex in range(_SLOTS, 0, -1):
        if reaching >> vertex & 1:
            reaching |= starts[vertex]
    live = [vertex for vertex in range(MAX_VERTICES) if (reached & reaching) >> vertex & 1]
    if not live or live[0] or live[-1] != _SLOTS:
        return None
    n = len(live)
    code = sum(edge_bit(i, j, n) for i, j in combinations(range(n), 2) if starts[live[j]] >> live[i] & 1)
    return shapes().find(code, [INPUT, *(slots[vertex - 1][1] for vertex in live[1:])])
