import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from rayzc.errors import SearchError
from rayzc.nas.objectives import (
    best_first,
    crowding_distances,
    front_numbers,
    parse_constraint,
    require_met,
)

Values = NDArray[np.float64]

# Few different numbers, so that there are many ties; infinities as constraints give them.
numbers = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 1.0, 2.0])
tables = arrays.arrays(np.float64, st.tuples(st.integers(0, 12), st.integers(1, 3)), elements=numbers)

COLUMNS = {"params": np.array([1.0, 1.5, 2.0, np.nan]), "flops": np.array([100.0, 300.0, 301.0, 1.0])}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("params < 1.5", [True, False, False, False]),
        ("params <= 1.5", [True, True, False, False]),
        ("flops > 100", [False, True, True, False]),
        ("300 >= flops", [True, True, False, True]),
        ("log(flops) + params >= 3 * params + 1", [True, True, True, False]),
        ("params>=flops/200", [True, True, True, False]),
    ],
)
def test_a_constraint_compares_two_formulas(text: str, met: list[bool]) -> None:
    constraint = parse_constraint(text)

    assert constraint.met(COLUMNS).tolist() == met
    assert parse_constraint(str(constraint)) == constraint


def test_it_names_the_proxies_of_both_sides() -> None:
    assert parse_constraint("params * 2 < log(flops) + params").proxies == ("flops", "params")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("params", "constraint 'params' has no comparison: put one of < <= > >= between two formulas"),
        ("params = 3", "constraint 'params = 3', position 8: unknown comparison '='; use one of < <= > >="),
        (
            "params == 3",
            "constraint 'params == 3', position 8: unknown comparison '=='; use one of < <= > >=",
        ),
        (
            "params => 3",
            "constraint 'params => 3', position 8: unknown comparison '=>'; use one of < <= > >=",
        ),
        (
            "1 < params < 3",
            "constraint '1 < params < 3', position 12: a second comparison; give two constraints",
        ),
        ("< 3", "constraint '< 3' has nothing before the '<'"),
        ("params <  ", "constraint 'params <  ' has nothing after the '<'"),
        ("1 < 2", "constraint '1 < 2' names no proxy: it has the same value for every architecture"),
        (
            "params < lg(flops)",
            "constraint 'params < lg(flops)': cannot parse formula at position 10: unknown function 'lg', "
            "did you mean 'log'?\n           lg(flops)\n           ^",
        ),
        (
            "params + < 3",
            "constraint 'params + < 3': cannot parse formula at position 10: expected a proxy, a number or '(', "
            "found the end\n  params + \n           ^",
        ),
    ],
)
def test_a_bad_constraint_is_refused_where_it_is_bad(text: str, message: str) -> None:
    with pytest.raises(SearchError) as caught:
        parse_constraint(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ["params < 0.5"],
            "p/t: none of the 4 candidates meets the constraint 'params < 0.5': params ranges from 1 to 2",
        ),
        (
            ["flops > 10", "params > flops"],
            "p/t: none of the 4 candidates meets the constraint 'params > flops'",
        ),
        (
            ["params > 1.6", "flops < 200"],
            "p/t: none of the 4 candidates meets all the constraints 'params > 1.6', 'flops < 200'",
        ),
        (
            ["log(params - 9) > 1"],
            "p/t: none of the 4 candidates meets the constraint 'log(params - 9) > 1'",
        ),
    ],
)
def test_it_is_said_which_constraint_nobody_meets(texts: list[str], message: str) -> None:
    with pytest.raises(SearchError) as caught:
        require_met([parse_constraint(text) for text in texts], COLUMNS, "p/t", "candidates")

    assert str(caught.value).startswith(message)


def test_nothing_is_said_where_one_meets_them_all() -> None:
    assert require_met([parse_constraint("params < 1.2")], COLUMNS, "p/t", "candidates") is None  # type: ignore[func-returns-value]
    assert require_met([], {}, "p/t", "candidates") is None  # type: ignore[func-returns-value]


def naive_fronts(values: Values) -> list[int]:
    """Straight from the definition: peel off those that nobody left dominates."""
    fronts = [-1] * len(values)
    for number in range(len(values)):
        left = [i for i in range(len(values)) if fronts[i] < 0]
        for i in left:
            if not any(all(values[j] >= values[i]) and any(values[j] > values[i]) for j in left):
                fronts[i] = number
    return fronts


@given(tables)
def test_fronts_are_those_of_the_definition(values: Values) -> None:
    assert front_numbers(values).tolist() == naive_fronts(values)


@given(tables)
def test_no_one_comes_before_one_who_dominates_it(values: Values) -> None:
    order = best_first([tuple(row) for row in values.tolist()])
    fronts = front_numbers(values)

    assert sorted(order) == list(range(len(values)))
    assert (np.diff(fronts[order]) >= 0).all()


def test_crowding_is_the_way_between_the_neighbours_in_every_objective() -> None:
    distances = crowding_distances([[0.0, 4.0], [1.0, 2.0], [3.0, 1.0], [4.0, 0.0]])

    assert distances.tolist() == [np.inf, 3 / 4 + 3 / 4, 3 / 4 + 2 / 4, np.inf]


def test_equal_members_are_crowded_and_infinite_ones_do_no_harm() -> None:
    assert crowding_distances([[1.0], [1.0], [1.0]]).tolist() == [np.inf, 0.0, np.inf]
    assert not np.isnan(crowding_distances([[-np.inf], [1.0], [2.0], [2.0]])).any()


@pytest.mark.parametrize(
    ("values", "order"),
    [
        ([(1.0,), (3.0,), (3.0,), (-np.inf,)], [1, 2, 0, 3]),
        ([(0.0, 4.0), (1.0, 2.0), (3.0, 1.0), (4.0, 0.0), (0.0, 0.0)], [0, 3, 1, 2, 4]),
        ([], []),
    ],
)
def test_the_best_come_first_and_equals_stay_in_order(
    values: list[tuple[float, ...]], order: list[int]
) -> None:
    assert best_first(values) == order
