"""How to move in NAS-Bench-101."""

import itertools
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest

from rayzc.errors import SpaceError
from rayzc.spaces import NasBench101
from rayzc.spaces.encoding import Value
from rayzc.spaces.nasbench101.encoding import Graph, prune
from rayzc.spaces.nasbench101.shapes import shapes
from tests.steps import function_calls

SPACE = NasBench101()
CHAIN = Graph(((0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 0, 0)), (0, 3, 4, 1))


def graph(edges: str, operations: tuple[int, ...]) -> Graph:
    """From pairs of digits, ``01 12 13``."""
    n = len(operations)
    pairs = edges.split()
    return Graph(tuple(tuple(int(f"{i}{j}" in pairs) for j in range(n)) for i in range(n)), operations)


def keys(architectures: Iterable[Value]) -> set[str]:
    return {SPACE.key(architecture) for architecture in architectures}


def test_samples_are_even_over_the_graphs() -> None:
    """However many ways there are to write a graph: the counts by vertices and by symmetry are those expected."""
    rng = np.random.default_rng(0)
    number = 20_000
    drawn = Counter(len(SPACE.sample(rng)[1]) for _ in range(number))
    for vertices, cells in ((5, 2_441), (6, 62_010), (7, 359_082)):
        share = cells / SPACE.size
        assert abs(drawn[vertices] - number * share) < 5 * np.sqrt(number * share * (1 - share))
    indices = np.random.default_rng(1).integers(SPACE.size, size=50)
    again = np.random.default_rng(1)
    assert [SPACE.sample(again) for _ in range(50)] == [shapes()[int(index)] for index in indices]


def test_neighbours_of_a_chain() -> None:
    """Every edit by hand: input -> 1x1 -> 3x3 -> output."""
    expected = [
        *(graph("01 12 23", (0, code, 4, 1)) for code in (2, 4)),
        *(graph("01 12 23", (0, 3, code, 1)) for code in (2, 3)),
        *(graph(f"01 12 23 {edge}", CHAIN.operations) for edge in ("02", "03", "13")),
        *(with_vertex(pair, code) for pair in ("01", "02", "03", "12", "13", "23") for code in (2, 3, 4)),
    ]
    assert keys(SPACE.neighbours(CHAIN)) == keys(expected)
    assert len(SPACE.neighbours(CHAIN)) == len(keys(expected))


def with_vertex(pair: str, code: int) -> Graph:
    """The chain with a new vertex that has an edge from one of its vertices and one to another."""
    start, end = (int(vertex) for vertex in pair)
    order = [*range(start + 1), 9, *range(start + 1, 4)]
    edges = {(0, 1), (1, 2), (2, 3), (start, 9), (9, end)}
    operations = {0: 0, 1: 3, 2: 4, 3: 1, 9: code}
    rows = tuple(tuple(int((i, j) in edges) for j in order) for i in order)
    return Graph(rows, tuple(operations[vertex] for vertex in order))


def test_neighbours_by_edges_in_both_directions() -> None:
    """Two parallel vertices can be joined either way; the two results differ."""
    parallel = graph("01 02 13 23", (0, 2, 4, 1))
    found = keys(SPACE.neighbours(parallel))
    assert SPACE.key(graph("01 02 12 13 23", (0, 2, 4, 1))) in found
    assert SPACE.key(graph("01 02 12 13 23", (0, 4, 2, 1))) in found


def test_the_smallest_graph_grows() -> None:
    smallest = graph("01", (0, 1))
    expected = [graph("01 12 02", (0, code, 1)) for code in (2, 3, 4)]
    assert keys(SPACE.neighbours(smallest)) == keys(expected)


def test_every_graph_of_up_to_five_vertices_is_reached() -> None:
    unseen = {*itertools.takewhile(lambda cell: len(cell[1]) <= 5, SPACE.enumerate())}
    assert len(unseen) == 2_532
    pending = [unseen.pop()]
    while pending:
        new = unseen.intersection(SPACE.neighbours(pending.pop()))
        unseen -= new
        pending += new
    assert not unseen


def test_neighbours_depend_on_the_graph_alone() -> None:
    """Not on how it is written: with another numbering, or with vertices that do not matter."""
    padded = graph("01 12 26 34", (0, 3, 4, 2, 2, 2, 1))
    assert SPACE.key(padded) == SPACE.key(CHAIN)
    assert SPACE.neighbours(padded) == SPACE.neighbours(CHAIN)
    assert SPACE.mutate(padded, np.random.default_rng(3)) == SPACE.mutate(CHAIN, np.random.default_rng(3))


def test_neighbours_are_different_networks() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        architecture = SPACE.sample(rng)
        neighbours = SPACE.neighbours(architecture)
        found = keys(neighbours)
        assert len(found) == len(neighbours)
        assert SPACE.key(architecture) not in found
        for neighbour in neighbours:
            assert prune(Graph(*neighbour)) == neighbour


def test_children_mix_their_parents() -> None:
    """A child's vertices have the operations of parents, and it is another graph wherever one can be made."""
    rng = np.random.default_rng(0)
    new = 0
    for _ in range(100):
        first, second = SPACE.sample(rng), SPACE.sample(rng)
        child = SPACE.cross_over(first, second, rng)
        assert {*child[1]} <= {*first[1], *second[1]}
        assert len(child[1]) <= max(len(first[1]), len(second[1]))
        new += SPACE.key(child) not in {SPACE.key(first), SPACE.key(second)}
    assert new > 90


def test_children_of_parents_that_cannot_be_mixed() -> None:
    smallest = graph("01", (0, 1))
    children = {SPACE.cross_over(smallest, CHAIN, np.random.default_rng(seed)) for seed in range(20)}
    assert keys(children) == keys([smallest, CHAIN])


def test_an_edit_is_a_few_hundred_steps() -> None:
    """About a millisecond. To look at all cells would be 423,624 steps."""
    rng = np.random.default_rng(0)
    architectures = [SPACE.sample(rng) for _ in range(200)]
    SPACE.neighbours(architectures[0])
    steps = [function_calls(lambda one=one: SPACE.mutate(one, rng)) for one in architectures]
    assert max(steps) < 20_000


def test_description_and_drawing() -> None:
    padded = graph("01 12 26 34", (0, 3, 4, 2, 2, 2, 1))
    assert SPACE.describe(padded) == "0 input; 1 conv1x1-bn-relu(0); 2 conv3x3-bn-relu(1); 3 output(2)"
    [drawing] = SPACE.draw(padded)
    assert drawing.text() == (
        "nasbench101 cell\n"
        "0 input\n"
        "1 conv1x1-bn-relu\n"
        "  └◀── 0 input\n"
        "2 conv3x3-bn-relu\n"
        "  └◀── 1 conv1x1-bn-relu\n"
        "3 output\n"
        "  └◀── 2 conv3x3-bn-relu\n"
    )


@pytest.mark.parametrize("size", [3, 30])
def test_images_are_halved_twice(size: int) -> None:
    with pytest.raises(SpaceError, match=f"input size is {size}; give a positive multiple of 4"):
        SPACE.build(CHAIN, input_size=size)
