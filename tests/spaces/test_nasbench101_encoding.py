import itertools
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rayzc.errors import SpaceError
from rayzc.problems import Suite
from rayzc.spaces.encoding import Value
from rayzc.spaces.nasbench101.encoding import NASBENCH101, Graph, prune
from tests.spaces.strategies import VALUES, allowed


def chain(*operations: int) -> Graph:
    """A path through all vertices."""
    n = len(operations) + 2
    matrix = tuple(tuple(int(j == i + 1) for j in range(n)) for i in range(n))
    return Graph(matrix, (0, *operations, 1))


def relabelled(graph: Graph, seed: int) -> Graph:
    """The same graph with its inner vertices in another order that is topological, too."""
    rng = random.Random(seed)
    n = len(graph.operations)
    order = [0]
    waiting = set(range(1, n - 1))
    while waiting:
        ready = [v for v in sorted(waiting) if not any(graph.matrix[u][v] for u in waiting)]
        order.append(rng.choice(ready))
        waiting.discard(order[-1])
    order.append(n - 1)
    return Graph(
        tuple(tuple(graph.matrix[i][j] for j in order) for i in order),
        tuple(graph.operations[v] for v in order),
    )


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None)
@given(value=VALUES["nasbench101"], seed=st.integers(0, 1000))
def test_relabelling_changes_nothing(value: Value, seed: int) -> None:
    graph = Graph(*value)
    assert NASBENCH101.canonical(relabelled(graph, seed)) == NASBENCH101.canonical(graph)


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None)
@given(value=VALUES["nasbench101"])
def test_canonical_graph_is_the_same_graph(value: Value) -> None:
    """A relabelling of the pruned graph: tried against all of them."""
    pruned, canonical = prune(Graph(*value)), Graph(*NASBENCH101.canonical(value))
    n = len(pruned.operations)
    assert any(
        tuple(tuple(pruned.matrix[i][j] for j in order) for i in order) == canonical.matrix
        and tuple(pruned.operations[v] for v in order) == canonical.operations
        for order in itertools.permutations(range(n))
    )


@pytest.mark.parametrize(("vertices", "graphs"), [(2, 1), (3, 6), (4, 84), (5, 2441)])
def test_number_of_graphs_is_that_of_the_benchmark(vertices: int, graphs: int) -> None:
    """NAS-Bench-101 has 1, 6, 84 and 2,441 graphs of 2 to 5 vertices (of 423,624 up to 7)."""
    pairs = list(itertools.combinations(range(vertices), 2))
    keys = set()
    for edges in itertools.product((0, 1), repeat=len(pairs)):
        matrix = [[0] * vertices for _ in range(vertices)]
        for (i, j), edge in zip(pairs, edges, strict=True):
            matrix[i][j] = edge
        if not all(map(any, matrix[:-1])) or not all(map(any, list(zip(*matrix, strict=True))[1:])):
            continue  # a vertex on no path: one of the smaller graphs
        rows = tuple(map(tuple, matrix))
        for inner in itertools.product((2, 3, 4), repeat=vertices - 2):
            graph = Graph(rows, (0, *inner, 1))
            if allowed("nasbench101", graph):
                keys.add(NASBENCH101.canonical(graph))
    assert len(keys) == graphs


def test_dead_vertices_are_pruned() -> None:
    graph = Graph(((0, 1, 0, 1), (0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 0, 0)), (0, 2, 3, 1))
    assert NASBENCH101.canonical(graph) == chain()
    assert prune(graph) == chain()


def test_operations_tell_graphs_apart() -> None:
    assert NASBENCH101.canonical(chain(2, 3)) != NASBENCH101.canonical(chain(3, 2))


def test_real_cells_are_292_graphs(real_suite: Suite) -> None:
    architectures = real_suite.problem("nasbench101/cifar10").architectures
    assert len(architectures) == 500
    assert len({NASBENCH101.key(architecture) for architecture in architectures}) == 292


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(0, 1, 1)", "has 3 numbers; expected n * n + n of them, n from 2 to 7: 6, 12, 20, 30, 42 or 56"),
        ("(0, 0)", "has 2 numbers; expected n * n + n of them, n from 2 to 7: 6, 12, 20, 30, 42 or 56"),
        ("(0, 2, 0, 0, 0, 1)", "row 0, column 1 of the matrix is 2; expected 0 or 1"),
        (
            "(0, 1, 1, 0, 0, 1)",
            "row 1, column 0 of the matrix is 1; expected 0 (the matrix is strictly upper triangular)",
        ),
        ("(0, 1, 0, 0, 3, 1)", "vertex 0 has operation 3; expected 0 (input)"),
        ("(0, 1, 0, 0, 0, 4)", "vertex 1 has operation 4; expected 1 (output)"),
        (
            "(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 5, 1)",
            "vertex 1 has operation 5; expected 2 (maxpool3x3) or 3 (conv1x1-bn-relu) or 4 (conv3x3-bn-relu)",
        ),
        ("(0, 0, 0, 0, 0, 1)", "no path leads from the input to the output"),
    ],
)
def test_bad_graphs_are_refused(text: str, reason: str) -> None:
    with pytest.raises(SpaceError) as error:
        NASBENCH101.parse(text)
    between = " " if reason.startswith("has") else ": "
    assert str(error.value) == f"nasbench101 encoding '{text}'{between}{reason}"


@pytest.mark.parametrize(
    "value",
    [
        (),
        (((0, 1), (0, 0)),),
        (1, 2),
        (((0, 1), (0, 0)), 7),
        ((0, 1), (0, 1)),
        (((0, 1), (0,)), (0, 1)),
        (((0,),), (0,)),
    ],
)
def test_what_is_not_a_graph_is_refused(value: Value) -> None:
    with pytest.raises(SpaceError) as error:
        NASBENCH101.check(value)
    assert str(error.value) == (
        f"nasbench101 encoding '{value}': expected an n by n matrix and n operations, n from 2 to 7"
    )


def test_more_than_nine_live_edges_are_refused_dead_ones_are_not() -> None:
    full = tuple(tuple(int(i < j) for j in range(5)) for i in range(5))
    with pytest.raises(SpaceError, match="has 10 edges on paths from input to output; at most 9 are allowed"):
        NASBENCH101.check(Graph(full, (0, 2, 3, 4, 1)))
    dead = tuple(tuple(int(i < j and (i, j) != (3, 4)) for j in range(5)) for i in range(5))
    NASBENCH101.check(Graph(dead, (0, 2, 3, 4, 1)))
    assert len(Graph(*NASBENCH101.canonical(Graph(dead, (0, 2, 3, 4, 1)))).operations) == 4


def test_public_file_uses_the_same_convention(nbsz_path: Path, real_suite: Suite) -> None:
    """Encodings of one graph have one number of parameters, but for the channels that an order divides."""
    problem = real_suite.problem("nasbench101/cifar10")
    params: dict[str, set[float]] = {}
    for architecture, value in zip(problem.architectures, problem.column("params").tolist(), strict=True):
        params.setdefault(NASBENCH101.key(architecture), set()).add(value)
    assert sum(len(values) > 1 for values in params.values()) == 3
    assert max(max(values) / min(values) for values in params.values()) < 1.01
