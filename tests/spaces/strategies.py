"""Random networks of every search space."""

from hypothesis import strategies as st

from rayzc.errors import SpaceError
from rayzc.spaces import SPACES
from rayzc.spaces.encoding import Value
from rayzc.spaces.nasbench101.encoding import Graph


def allowed(space: str, value: Value) -> bool:
    try:
        SPACES[space].validate(value)
    except SpaceError:
        return False
    return True


@st.composite
def graphs(draw: st.DrawFn, smallest: int = 2) -> Value:
    n = draw(st.integers(smallest, 7))
    edges = draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))
    matrix = tuple(tuple(int(edges[i * n + j] and i < j) for j in range(n)) for i in range(n))
    inner = draw(st.lists(st.integers(2, 4), min_size=n - 2, max_size=n - 2))
    return Graph(matrix, (0, *inner, 1))


@st.composite
def darts(draw: st.DrawFn) -> Value:
    def cell() -> Value:
        edges: list[tuple[int, int]] = []
        for node in range(4):
            states = draw(st.permutations(range(node + 2)))[:2]
            edges += [(state, draw(st.integers(0, 6))) for state in states]
        return tuple(edges)

    return cell(), cell()


def _cells(operations: int) -> st.SearchStrategy[Value]:
    return st.tuples(*[st.integers(0, operations - 1)] * 6)


VALUES: dict[str, st.SearchStrategy[Value]] = {
    "nasbench101": graphs().filter(lambda value: allowed("nasbench101", value)),
    "nasbench201": _cells(5),
    "nasbench301": darts(),
    "transbench101_micro": _cells(4),
    "transbench101_macro": st.lists(st.integers(1, 4), min_size=4, max_size=6)
    .map(tuple)
    .filter(lambda value: allowed("transbench101_macro", value)),
}
