"""NAS-Bench-201 and TransNAS-Bench-101 micro: their cells, and how to move among them."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from rayzc.errors import SpaceError
from rayzc.problems import Suite
from rayzc.spaces import NasBench201, TransBench101Micro
from rayzc.spaces.encoding import Encoding, Value
from rayzc.spaces.four_node import EDGES_BY_END, EDGES_BY_START, FourNodeSpace
from rayzc.spaces.nasbench201.space import NASBENCH201
from rayzc.spaces.transbench101.micro import TRANSBENCH101_MICRO

Edge = tuple[int, int, int]  # start, end, operation
SPACES = [
    pytest.param(NASBENCH201, EDGES_BY_START, 1, 0, False, 5, id="nasbench201"),
    pytest.param(TRANSBENCH101_MICRO, EDGES_BY_END, 0, 1, True, 4, id="transbench101_micro"),
]


def live(edges: list[Edge]) -> list[Edge]:
    """The edges on a path from node 0 to node 3."""
    reached, reaching = {0}, {3}
    for start, end, _ in sorted(edges):
        if start in reached:
            reached.add(end)
    for start, end, _ in sorted(edges, reverse=True):
        if end in reaching:
            reaching.add(start)
    both = reached & reaching
    return [edge for edge in edges if edge[0] in both and edge[1] in both]


def contracted(edges: list[Edge], identity: int, weighted_input_skip: bool) -> list[Edge]:
    """Merges a node with its neighbour if its only way in, or its only way out, is the identity."""
    for node in (1, 2):
        for here, there in ((1, 0), (0, 1)):
            joining = [edge for edge in edges if edge[here] == node]
            if (
                len(joining) == 1
                and joining[0][2] == identity
                and not (weighted_input_skip and joining[0][0] == 0)
            ):
                other = joining[0][there]
                rest = [edge for edge in edges if edge != joining[0]]
                moved = [tuple(other if x == node else x for x in edge[:2]) + edge[2:] for edge in rest]
                return contracted(moved, identity, weighted_input_skip)  # type: ignore[arg-type]
    return edges


def by_contraction(
    cell: Value, edges: tuple[tuple[int, int], ...], none: int, identity: int, weighted: bool
) -> tuple[Edge, ...]:
    """A second definition of the same idea, on graphs: prune, contract identities, rename nodes."""
    present = [(*edge, code) for edge, code in zip(edges, cell, strict=True) if code != none]
    merged = contracted(live(present), identity, weighted)
    inner = sorted({x for edge in merged for x in edge[:2]} - {0, 3})
    renamings = [
        dict(zip((0, 3, *inner), (0, 3, *names), strict=True))
        for names in itertools.permutations((1, 2), len(inner))
    ]
    if len(inner) == 1:
        renamings = [{0: 0, 3: 3, inner[0]: 1}]
    return min(tuple(sorted((name[a], name[b], code) for a, b, code in merged)) for name in renamings)


@pytest.mark.parametrize(("encoding", "edges", "none", "identity", "weighted", "operations"), SPACES)
def test_networks_are_those_of_a_second_definition(
    encoding: Encoding,
    edges: tuple[tuple[int, int], ...],
    none: int,
    identity: int,
    weighted: bool,
    operations: int,
) -> None:
    """Two cells have one canonical form exactly if contraction gives one graph: over all cells."""
    pairs = set()
    for cell in itertools.product(range(operations), repeat=6):
        pairs.add((encoding.canonical(cell), by_contraction(cell, edges, none, identity, weighted)))
    networks = 5425 if operations == 5 else 1376
    assert len({canonical for canonical, _ in pairs}) == networks
    assert len({graph for _, graph in pairs}) == networks
    assert len(pairs) == networks


def paper_string(cell: Value) -> str:
    """NAS-Bench-201's own way to tell cells apart (its section on isomorphism), zero and skip considered."""
    nodes = ["0"]
    for end in (1, 2, 3):
        terms = []
        for (start, to), code in zip(EDGES_BY_START, cell, strict=True):
            if to == end:
                zero = code == 1 or nodes[start] == "#"
                terms.append("#" if zero else nodes[start] if code == 0 else f"({nodes[start]})@{code}")
        nodes.append("+".join(sorted(terms)))
    return nodes[3]


def test_count_of_the_paper_is_another_one() -> None:
    cells = list(itertools.product(range(5), repeat=6))
    assert len({paper_string(cell) for cell in cells}) == 6466
    # It keeps zeros apart that change nothing ...
    left, right = (2, 1, 1, 1, 0, 1), (1, 2, 1, 1, 1, 0)
    assert (paper_string(left), paper_string(right)) == ("#+#+(0)@2", "#+#+#+(0)@2")
    assert NASBENCH201.canonical(left) == NASBENCH201.canonical(right)
    # ... and takes one convolution used twice for two convolutions.
    shared, separate = (2, 1, 1, 0, 3, 3), (2, 2, 1, 1, 3, 3)
    assert paper_string(shared).replace("#+", "").replace("+#", "") == "((0)@2)@3+((0)@2)@3"
    assert NASBENCH201.canonical(shared) != NASBENCH201.canonical(separate)


@given(cell=st.tuples(*[st.integers(0, 4)] * 6))
def test_nodes_can_be_swapped(cell: Value) -> None:
    a, b, c, d, e, f = cell
    if d == 1:  # no edge 1->2
        assert NASBENCH201.canonical((b, a, c, d, f, e)) == NASBENCH201.canonical(cell)


@given(code=st.integers(0, 4), other=st.integers(0, 4))
def test_unreachable_and_dead_edges_do_not_matter(code: int, other: int) -> None:
    network = NASBENCH201.canonical((1, 2, 1, 1, 1, 3))
    assert NASBENCH201.canonical((1, 2, 1, code, other, 3)) == network  # node 1 gets nothing
    assert NASBENCH201.canonical((code, 2, 1, 1, 1, 3)) == network  # node 1 goes nowhere
    assert network.count(1) == 4


def test_all_disconnected_cells_are_one() -> None:
    nothing = (1,) * 6
    assert NASBENCH201.canonical((2, 3, 1, 4, 1, 1)) == nothing
    assert NASBENCH201.canonical((1, 1, 1, 2, 2, 2)) == nothing


def test_micro_skip_from_the_input_has_weights() -> None:
    """In a cell that halves the resolution, it is a convolution: one used twice is not two of them."""
    through_node_1 = (1, 0, 2, 0, 1, 1)  # skip to 1; 1 -> 2 conv; 1 -> 3 skip; 2 -> 3 skip
    beside_it = (0, 1, 0, 1, 0, 2)  # skips to 2 and 3, each its own; 2 -> 3 conv
    assert TRANSBENCH101_MICRO.canonical(through_node_1) != TRANSBENCH101_MICRO.canonical(beside_it)


@pytest.mark.parametrize("space", ["nasbench201", "transbench101_micro"])
def test_disconnected_cells_are_those_with_the_sentinel(space: str, real_suite: Suite) -> None:
    """Zen is -1e8 exactly on the cells whose canonical form is all none: edges and codes are read right."""
    encoding, none = (NASBENCH201, 1) if space == "nasbench201" else (TRANSBENCH101_MICRO, 0)
    task = "cifar10" if space == "nasbench201" else "jigsaw"
    problem = real_suite.problem(f"{space}/{task}")
    disconnected = [encoding.canonical(encoding.parse(a)) == (none,) * 6 for a in problem.architectures]
    assert sum(disconnected) == (341 if space == "nasbench201" else 169)
    assert disconnected == (problem.column("zen") == -1e8).tolist()


def test_params_of_micro_cells_are_linear_in_the_codes(real_suite: Suite) -> None:
    """And a skip connection has weights exactly at the edges from node 0."""
    problem = real_suite.problem("transbench101_micro/jigsaw").complete(["params"])
    cells = [TRANSBENCH101_MICRO.parse(architecture) for architecture in problem.architectures]
    used = np.array([[1.0] + [float(cell[e] == c) for e in range(6) for c in (1, 2, 3)] for cell in cells])
    params = problem.column("params")
    weights, *_ = np.linalg.lstsq(used, params, rcond=None)
    np.testing.assert_allclose(used @ weights, params, rtol=0, atol=1e-9)
    by_edge = weights[1:].reshape(6, 3)
    for (start, _), (skip, conv_1x1, conv_3x3) in zip(EDGES_BY_END, by_edge.tolist(), strict=True):
        assert (skip > 0.1) == (start == 0)
        assert 8 < (conv_3x3 - skip) / (conv_1x1 - skip) < 12


@pytest.mark.parametrize(
    ("encoding", "text", "reason"),
    [
        (
            NASBENCH201,
            "(4, 3, 3)",
            "has 3 entries; expected 6, one for each of the edges 0->1, 0->2, 0->3, 1->2, 1->3, 2->3",
        ),
        (
            TRANSBENCH101_MICRO,
            "(0, 0, 0, 0, 0, 0, 0)",
            "has 7 entries; expected 6, one for each of the edges 0->1, 0->2, 1->2, 0->3, 1->3, 2->3",
        ),
        (
            TRANSBENCH101_MICRO,
            "(0, 0, 4, 0, 0, 0)",
            "edge 1->2 (entry 2) has operation 4; known: 0 none, 1 skip_connect, 2 conv_1x1, 3 conv_3x3",
        ),
    ],
)
def test_bad_cells_are_refused(encoding: Encoding, text: str, reason: str) -> None:
    with pytest.raises(SpaceError) as error:
        encoding.parse(text)
    between = " " if reason.startswith("has") else ": "
    assert str(error.value) == f"{encoding.space} encoding '{text}'{between}{reason}"


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
    assert len(neighbours) == 6 * (len(space.cells.operations) - 1)
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
