"""NAS-Bench-201 and TransNAS-Bench-101 micro."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from rayzc.errors import SpaceError
from rayzc.spaces import NasBench201, TransBench101Micro
from rayzc.spaces.four_node.space import FourNodeSpace


@pytest.fixture(params=[NasBench201(), TransBench101Micro()], ids=lambda space: space.name)
def space(request: pytest.FixtureRequest) -> FourNodeSpace:
    chosen: FourNodeSpace = request.param
    return chosen


def test_sizes() -> None:
    assert NasBench201.size == 15_625
    assert TransBench101Micro.size == 4_096


def test_samples_are_even_over_all_encodings(space: FourNodeSpace) -> None:
    rng = np.random.default_rng(0)
    counts = Counter(space.sample(rng) for _ in range(10 * space.size))
    assert chisquare([counts[element] for element in space.enumerate()]).pvalue > 1e-3


def test_neighbours_differ_on_one_edge(space: FourNodeSpace) -> None:
    architecture = space.sample(np.random.default_rng(0))
    neighbours = space.neighbours(architecture)
    assert len(neighbours) == 6 * (len(space.operations) - 1)
    for neighbour in neighbours:
        assert sum(a != b for a, b in zip(architecture, neighbour, strict=True)) == 1


def test_children_take_each_edge_from_a_parent(space: FourNodeSpace) -> None:
    rng = np.random.default_rng(0)
    first, second = (0,) * 6, (2,) * 6
    children = Counter(space.cross_over(first, second, rng) for _ in range(6400))
    assert len(children) == 64
    assert {code for child in children for code in child} == {0, 2}
    assert chisquare(list(children.values())).pvalue > 1e-3


def test_drawing_leaves_out_what_does_not_connect() -> None:
    [drawing] = NasBench201().draw((1, 4, 1, 0, 1, 3))
    assert drawing.text() == (
        "nasbench201 cell\n0 input\n1\n2\n"
        "  ├◀── avg_pool_3x3 ── 0 input\n  └◀── skip_connect ── 1\n"
        "3 output\n  └◀── nor_conv_1x1 ── 2\n"
    )


def test_description_is_the_benchmarks_own() -> None:
    assert NasBench201().describe((4, 3, 0, 1, 2, 3)) == (
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
    )
    assert TransBench101Micro().describe((3, 0, 1, 2, 2, 3)) == "64-41414-3_01_223"


def test_a_residual_block_needs_even_sides() -> None:
    with pytest.raises(SpaceError, match="nasbench201: input size is 30; give a positive multiple of 4"):
        NasBench201().build((0,) * 6, input_size=30)


def test_a_factorized_reduction_needs_even_widths() -> None:
    with pytest.raises(SpaceError, match="transbench101_micro: width is 7; give a positive multiple of 2"):
        TransBench101Micro().build((1,) * 6, width=7)
