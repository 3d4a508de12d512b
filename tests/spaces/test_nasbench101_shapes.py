"""All cells of NAS-Bench-101, by shape."""

import itertools
from collections import Counter
from collections.abc import Iterator
from math import factorial

import numpy as np
import pytest

from rayzc.errors import SpaceError
from rayzc.spaces.nasbench101.encoding import NASBENCH101, Graph
from rayzc.spaces.nasbench101.shapes import edge_bit, shapes

CELLS = {2: 1, 3: 6, 4: 84, 5: 2_441, 6: 62_010, 7: 359_082}
"""How many cells have so many vertices; 423,624 in all (Ying et al. 2019)."""


def code_of(graph: Graph) -> int:
    n = len(graph.operations)
    return sum(edge_bit(i, j, n) for i, j in itertools.combinations(range(n), 2) if graph.matrix[i][j])


def renumbered(graph: Graph, order: list[int]) -> Graph:
    rows = tuple(tuple(graph.matrix[i][j] for j in order) for i in order)
    return Graph(rows, tuple(graph.operations[vertex] for vertex in order))


def test_edge_bits_number_the_pairs_in_order() -> None:
    for n in range(2, 8):
        bits = [edge_bit(i, j, n) for i, j in itertools.combinations(range(n), 2)]
        assert bits == [1 << place for place in range(n * (n - 1) // 2)]


def test_there_are_as_many_cells_as_in_the_paper() -> None:
    counts = Counter(len(graph.operations) for graph in shapes())
    assert counts == CELLS
    assert len(shapes()) == sum(CELLS.values()) == 423_624


def test_the_count_agrees_with_burnside() -> None:
    """Cells of a shape are the orbits of its colourings; their number is the mean of 3 ** cycles."""
    for shape in shapes()._shapes[::7]:
        fixed = sum(3 ** cycles(symmetry) for symmetry in shape.symmetries)
        assert fixed == len(shape.colourings) * len(shape.symmetries)
        assert factorial(len(shape.matrix) - 2) % len(shape.symmetries) == 0


def cycles(permutation: tuple[int, ...]) -> int:
    unseen, number = {*permutation}, 0
    while unseen:
        number += 1
        place = start = unseen.pop()
        while (place := permutation[place]) != start:
            unseen.remove(place)
    return number


def small(vertices: int) -> Iterator[Graph]:
    """Cells of up to so many vertices; they come first."""
    return itertools.takewhile(lambda graph: len(graph.operations) <= vertices, shapes())


def test_cells_of_up_to_six_vertices_are_valid_and_different_networks() -> None:
    keys = {NASBENCH101.canonical(graph) for graph in small(6)}
    assert len(keys) == sum(CELLS[n] for n in range(2, 7))


@pytest.mark.slow
def test_all_cells_are_valid_and_different_networks() -> None:
    assert len({NASBENCH101.canonical(graph) for graph in shapes()}) == 423_624


def test_cells_of_up_to_five_vertices_are_all_there_are() -> None:
    found = {NASBENCH101.canonical(graph) for graph in small(5)}
    for n in range(2, 6):
        pairs = list(itertools.combinations(range(n), 2))
        for edges in itertools.product((0, 1), repeat=len(pairs)):
            rows = [[0] * n for _ in range(n)]
            for (i, j), edge in zip(pairs, edges, strict=True):
                rows[i][j] = edge
            matrix = tuple(map(tuple, rows))
            for inner in itertools.product((2, 3, 4), repeat=n - 2):
                try:
                    assert NASBENCH101.canonical(Graph(matrix, (0, *inner, 1))) in found
                except SpaceError:
                    break


def test_an_index_leads_to_the_cell_in_its_place() -> None:
    cells = list(shapes())
    for index in [
        0,
        1,
        6,
        7,
        len(cells) - 1,
        *np.random.default_rng(0).integers(len(cells), size=500).tolist(),
    ]:
        assert shapes()[index] == cells[index]


def test_a_cell_is_found_from_every_way_to_number_its_vertices() -> None:
    known = shapes()
    rng = np.random.default_rng(0)
    for index in rng.integers(len(known), size=60).tolist():
        graph = known[index]
        n = len(graph.operations)
        cell = known.cell(graph)
        assert cell is not None
        assert known.graph(cell) == graph
        for inner in itertools.permutations(range(1, n - 1)):
            other = renumbered(graph, [0, *inner, n - 1])
            if all(not other.matrix[i][j] for i in range(n) for j in range(i + 1)):
                assert known.cell(other) == cell
                assert NASBENCH101.canonical(other) == NASBENCH101.canonical(graph)


def test_graphs_with_useless_vertices_or_too_many_edges_are_not_found() -> None:
    known = shapes()
    alone = Graph(((0, 0, 1), (0, 0, 0), (0, 0, 0)), (0, 2, 1))
    full = Graph(tuple(tuple(int(i < j) for j in range(5)) for i in range(5)), (0, 2, 3, 4, 1))
    assert known.find(code_of(alone), alone.operations) is None
    assert known.find(code_of(full), full.operations) is None
