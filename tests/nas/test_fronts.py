import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from rayzc.nas import best_first, crowding_distances, front_numbers

Values = NDArray[np.float64]

# Few different numbers, so that there are many ties; infinities as constraints give them.
numbers = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 1.0, 2.0])
tables = arrays.arrays(np.float64, st.tuples(st.integers(0, 12), st.integers(1, 3)), elements=numbers)


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
