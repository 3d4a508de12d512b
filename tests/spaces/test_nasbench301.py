"""How to move in NAS-Bench-301."""

from collections import Counter
from itertools import islice

import numpy as np
from scipy.stats import chisquare

from rayzc.spaces import NasBench301

SPACE = NasBench301()
NORMAL = ((0, 3), (1, 4), (0, 2), (2, 0), (1, 1), (3, 5), (2, 6), (4, 3))
REDUCTION = ((0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3))
ARCHITECTURE = (NORMAL, REDUCTION)


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
