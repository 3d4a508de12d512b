import numpy as np
import pytest

from rayzc.errors import SearchError
from rayzc.nas.table_domain import Parts, TableDomain, candidate_rows, parts_of
from rayzc.problems import Problem, Suite
from tests.nas.samples import planted, unknown

# The last two are one network: their edges 0 -> 2 lead to a node that leads nowhere.
ROWS = (
    "(2, 2, 2, 2, 2, 2)",
    "(2, 2, 2, 2, 2, 3)",
    "(3, 3, 3, 3, 3, 3)",
    "(2, 1, 3, 1, 2, 1)",
    "(2, 3, 3, 1, 2, 1)",
)


def table(scores: list[float]) -> Problem:
    column = np.array(scores)[:, None]
    groups = np.array([10, 20, 30, 40, 40])
    return Problem("nasbench201", "t", ROWS, ("good",), column, np.arange(5), groups)


def test_candidates_are_the_networks_with_all_proxies_each_once() -> None:
    domain = TableDomain(table([1.0, np.nan, 3.0, np.nan, 5.0]), ("good",))

    assert domain.architectures == (ROWS[0], ROWS[2], ROWS[4])
    assert domain.rows.tolist() == [0, 2, 4]
    assert domain.size == 3
    assert domain.key(ROWS[3]) == domain.key(ROWS[4])
    assert [domain.row(domain.key(one)) for one in domain.architectures] == [0, 2, 4]


def test_without_proxies_every_network_is_a_candidate() -> None:
    assert TableDomain(table([np.nan] * 5), ()).rows.tolist() == [0, 1, 2, 3]
    assert candidate_rows(table([1.0, np.nan, 3.0, np.nan, 5.0]), ("good",)).tolist() == [0, 2, 4]


def test_the_nearest_rows_are_the_neighbours() -> None:
    domain = TableDomain(table([1.0] * 5), ("good",))

    assert domain.neighbours(ROWS[0])[0] == ROWS[1]
    assert len(domain.neighbours(ROWS[0])) == 3


def test_a_mutation_whose_neighbours_are_seen_goes_to_the_nearest_unseen() -> None:
    problem = planted(60)
    domain = TableDomain(problem, ("good",))
    start = domain.architectures[0]
    seen = {domain.key(start), *map(domain.key, domain.neighbours(start))}
    child = domain.mutate(start, np.random.default_rng(0), seen)

    assert child is not None
    distances = Parts("nasbench201", domain.architectures).distances(start)
    unseen = [place for place, one in enumerate(domain.architectures) if domain.key(one) not in seen]
    assert distances[domain.architectures.index(child)] == distances[unseen].min()


def test_a_child_is_the_unseen_row_nearest_to_the_cross() -> None:
    problem = planted(200)
    domain = TableDomain(problem, ("good",))
    rng = np.random.default_rng(0)
    parents = domain.architectures[3]

    # Both parents alike: the child is as near to them as any unseen row.
    child = domain.cross_over(parents, parents, rng, {domain.key(parents)})
    assert child is not None
    distances = Parts("nasbench201", domain.architectures).distances(parents)
    assert distances[domain.architectures.index(child)] == np.sort(distances)[1]


def test_a_table_of_an_unknown_space_has_neighbours_too() -> None:
    domain = TableDomain(unknown(), ("good",))

    assert set(domain.neighbours("depth 2 width 2")) >= {"depth 2 width 1", "depth 2 width 3"}
    child = domain.cross_over("depth 0 width 0", "depth 1 width 1", np.random.default_rng(0), set())
    assert child in {"depth 0 width 1", "depth 1 width 0"}


@pytest.mark.parametrize(
    ("space", "one", "other", "distance"),
    [
        ("nasbench201", "(2, 2, 2, 2, 2, 2)", "(2, 2, 2, 2, 2, 3)", 2),
        ("transbench101_macro", "(1, 2, 3, 4)", "(1, 2, 3, 4, 1)", 1),
        # Another operation in a chain of three: the vertex, and both its edges.
        ("nasbench101", "(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 4, 1)", "(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 3, 1)", 6),
    ],
)
def test_the_distance_is_the_number_of_parts_that_differ(
    space: str, one: str, other: str, distance: int
) -> None:
    assert Parts(space, [one, other]).distances(one).tolist() == [0, distance]
    assert (parts_of(space, one) - parts_of(space, other)).total() <= distance


def test_distances_are_a_metric(real_suite: Suite) -> None:
    for problem in real_suite.problems:
        some = problem.architectures[:40]
        parts = Parts(problem.space, some)
        far = np.array([parts.distances(one) for one in some])
        assert (far == far.T).all()
        assert (far.diagonal() == 0).all()
        assert (far[:, :, None] + far[None, :, :] >= far[:, None, :]).all()


@pytest.mark.parametrize(
    ("proxies", "message"),
    [
        (("god",), "the table of nasbench201/t has no proxy 'god'; did you mean 'good'?"),
        (("good",), "the table of nasbench201/t has no proxy 'good'; known: "),
    ],
)
def test_a_table_without_candidates_is_refused(proxies: tuple[str, ...], message: str) -> None:
    scores = [1.0] * 5 if proxies == ("god",) else [np.nan] * 5
    with pytest.raises(SearchError) as caught:
        TableDomain(table(scores), proxies)
    assert str(caught.value) == message


def test_rows_of_which_none_has_all_proxies_are_refused() -> None:
    scores = np.array([[1.0, np.nan], [np.nan, 2.0]])
    problem = Problem("own", "t", ("a", "b"), ("x", "y"), scores, np.arange(2), np.arange(2))

    with pytest.raises(SearchError, match="no architecture in the table of own/t has all of x, y"):
        TableDomain(problem, ("x", "y"))
    with pytest.raises(SearchError, match="own/t has no candidate 'z'"):
        TableDomain(problem, ("x",)).row("z")
