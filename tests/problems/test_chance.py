"""The numbers are those that stored suites were made with."""

import numpy as np

from rayzc.problems.chance import numbers, shuffled


def test_the_numbers_of_a_key_never_change() -> None:
    assert numbers(3, "a", 1).tolist() == [11031551304312491040, 11806635703596944465, 12526813714600883952]
    assert shuffled(6, "a", 1).tolist() == [3, 0, 1, 2, 5, 4]


def test_each_key_has_a_stream_of_its_own() -> None:
    keys: list[tuple[int | str, ...]] = [("a", 1), ("a", 2), ("b", 1), ("a1",), ("a", "1")]
    assert len({tuple(numbers(2, *key).tolist()) for key in keys}) == len(keys)


def test_all_are_shuffled() -> None:
    order = shuffled(1000, "x", 7)
    assert np.array_equal(np.sort(order), np.arange(1000))
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.1
    assert shuffled(0, "x").tolist() == []
