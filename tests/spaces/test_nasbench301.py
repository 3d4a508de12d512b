"""NAS-Bench-301: its cells, and how to move among them."""

import random
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from rayzc.errors import SpaceError
from rayzc.spaces import NasBench301
from rayzc.spaces.encoding import Value
from rayzc.spaces.nasbench301.space import NASBENCH301
from tests.spaces.strategies import VALUES

SPACE = NasBench301()
NORMAL = ((0, 3), (1, 4), (0, 2), (2, 0), (1, 1), (3, 5), (2, 6), (4, 3))
REDUCTION = ((0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3))
ARCHITECTURE = (NORMAL, REDUCTION)
CELL = ((0, 0), (1, 5), (1, 1), (0, 1), (1, 3), (0, 3), (1, 3), (3, 2))
TEXT = (
    "[[(0, 0), (1, 5), (1, 1), (0, 1), (1, 3), (0, 3), (1, 3), (3, 2)], "
    "[(1, 0), (0, 2), (1, 3), (0, 3), (3, 0), (0, 1), (2, 0), (3, 6)]]"
)


def reordered(cell: Value, rng: random.Random) -> Value:
    """The same cell, its nodes in another order that is possible, and the edges of each in any order."""
    nodes = [cell[2 * node : 2 * node + 2] for node in range(4)]
    state = {0: 0, 1: 1}
    edges: list[tuple[int, int]] = []
    waiting = list(range(4))
    while waiting:
        ready = [node for node in waiting if all(start in state for start, _ in nodes[node])]
        node = rng.choice(ready)
        pair = [(state[start], operation) for start, operation in nodes[node]]
        rng.shuffle(pair)
        edges += pair
        state[2 + node] = 6 - len(waiting)
        waiting.remove(node)
    return tuple(edges)


@given(value=VALUES["nasbench301"], seed=st.integers(0, 1000))
def test_order_of_edges_and_nodes_is_free(value: Value, seed: int) -> None:
    rng = random.Random(seed)
    other = tuple(reordered(cell, rng) for cell in value)
    NASBENCH301.check(other)
    assert NASBENCH301.canonical(other) == NASBENCH301.canonical(value)


def test_inputs_are_not_exchangeable() -> None:
    swapped = tuple((1 - start if start < 2 else start, operation) for start, operation in CELL)
    assert NASBENCH301.canonical((swapped, CELL)) != NASBENCH301.canonical((CELL, CELL))


def test_cells_are_not_exchangeable() -> None:
    value = NASBENCH301.parse(TEXT)
    assert NASBENCH301.canonical(value[::-1]) != NASBENCH301.canonical(value)


def test_a_node_that_nothing_reads_can_come_first() -> None:
    late = ((0, 3), (1, 3), (2, 3), (0, 3), (2, 3), (3, 3), (0, 6), (1, 6))
    early = ((0, 6), (1, 6), (0, 3), (1, 3), (3, 3), (0, 3), (3, 3), (4, 3))
    assert NASBENCH301.canonical((late, CELL)) == NASBENCH301.canonical((early, CELL))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ((CELL,), "expected two cells, normal and reduction"),
        ((CELL, CELL[:6]), "reduction cell: expected 8 edges, two for each of four nodes, not 6"),
        (((3, *CELL[1:]), CELL), "normal cell: edge 0 is '3'; expected (input, operation)"),
        ((((2, 0), *CELL[1:]), CELL), "normal cell: edge 0 comes from state 2; expected 0 to 1"),
        ((CELL, (*CELL[:7], (6, 0))), "reduction cell: edge 7 comes from state 6; expected 0 to 4"),
        (
            (CELL, (*CELL[:7], (4, 7))),
            "reduction cell: edge 7 has operation 7; known: 0 (max_pool_3x3), 1 (avg_pool_3x3), "
            "2 (skip_connect), 3 (sep_conv_3x3), 4 (sep_conv_5x5), 5 (dil_conv_3x3), 6 (dil_conv_5x5)",
        ),
        (
            (CELL, (*CELL[:7], (1, 2))),
            "reduction cell: both edges of node 3 come from state 1; a node has two different inputs",
        ),
    ],
)
def test_bad_cells_are_refused(value: Value, reason: str) -> None:
    with pytest.raises(SpaceError) as error:
        NASBENCH301.check(value)
    assert str(error.value).endswith(reason)
    assert str(error.value).startswith(f"nasbench301 encoding '{value}'")


def test_text_round_trip() -> None:
    assert NASBENCH301.format(NASBENCH301.parse(TEXT)) == TEXT


def test_size_is_the_number_of_genotypes() -> None:
    """Liu et al. 2019 speak of about 10^18 for the two cells together."""
    assert SPACE.size == 1_037_664_180**2
    first_node = {element[1][:2] for element in islice(SPACE.enumerate(), 1)}
    assert first_node == {((0, 0), (1, 0))}


def test_samples_are_even_over_inputs_and_operations() -> None:
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) for _ in range(5000)]
    inputs = Counter((normal[6][0], normal[7][0]) for normal, _ in drawn)
    assert len(inputs) == 10
    assert chisquare(list(inputs.values())).pvalue > 1e-3
    operations = Counter(code for cells in drawn for cell in cells for _, code in cell)
    assert len(operations) == 7
    assert chisquare(list(operations.values())).pvalue > 1e-3


def test_neighbours_differ_in_an_operation_or_an_input() -> None:
    neighbours = SPACE.neighbours(ARCHITECTURE)
    assert len(neighbours) == 2 * (8 * 6 + 2 * (0 + 1 + 2 + 3))
    for neighbour in neighbours:
        mine = [{*ARCHITECTURE[cell][2 * node : 2 * node + 2]} for cell in range(2) for node in range(4)]
        other = [{*neighbour[cell][2 * node : 2 * node + 2]} for cell in range(2) for node in range(4)]
        [(before, after)] = [(a, b) for a, b in zip(mine, other, strict=True) if a != b]
        assert len(before & after) == 1
        [old], [new] = before - after, after - before
        assert old[0] == new[0] or old[1] == new[1]


def test_the_order_of_a_nodes_edges_means_nothing() -> None:
    swapped = ((*reversed(NORMAL[:2]), *NORMAL[2:]), REDUCTION)
    assert SPACE.key(swapped) == SPACE.key(ARCHITECTURE)
    assert SPACE.neighbours(swapped) == SPACE.neighbours(ARCHITECTURE)


def test_children_take_whole_nodes() -> None:
    rng = np.random.default_rng(0)
    other = (REDUCTION, NORMAL)
    children = {SPACE.cross_over(ARCHITECTURE, other, rng) for _ in range(3000)}
    assert len(children) == 2**8
    for child in children:
        for cell in range(2):
            for node in range(0, 8, 2):
                assert child[cell][node : node + 2] in (NORMAL[node : node + 2], REDUCTION[node : node + 2])


def test_description_and_drawings_name_both_cells() -> None:
    assert SPACE.describe(ARCHITECTURE).startswith(
        "normal: sep_conv_3x3(0) + sep_conv_5x5(1), skip_connect(0) + "
    )
    normal, reduction = SPACE.draw(ARCHITECTURE)
    assert (normal.title, reduction.title) == ("nasbench301 normal cell", "nasbench301 reduction cell")
    assert "3\n  ├◀── skip_connect ── 0 older cell\n  └◀── max_pool_3x3 ── 2\n" in normal.text()
    assert normal.text().endswith("6 output\n  ├◀── 2\n  ├◀── 3\n  ├◀── 4\n  └◀── 5\n")
