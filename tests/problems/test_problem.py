import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest

from rayzc.errors import SpaceError, SuiteError
from rayzc.problems import Problem, network_groups
from tests.problems.samples import problem


def measured(scores: list[list[float]]) -> Problem:
    rows = len(scores)
    return Problem(
        "own",
        "cifar10",
        tuple("abcdef"[:rows]),
        ("flops", "zen"),
        np.array(scores),
        np.arange(rows, dtype=float),
        np.arange(rows),
    )


def test_name_and_size() -> None:
    assert problem(rows=5).name == "own/cifar10"
    assert len(problem(rows=5)) == 5
    assert repr(problem(rows=5)) == "<Problem own/cifar10: 5 architectures, 3 proxies>"
    assert repr(problem(rows=1, proxies=("zen",))) == "<Problem own/cifar10: 1 architecture, 1 proxy>"


def test_arrays_are_copied_and_read_only() -> None:
    scores = np.zeros((2, 1))
    made = Problem("own", "t", ("a", "b"), ("flops",), scores, np.zeros(2), np.zeros(2, dtype=np.int64))
    scores[0, 0] = 1.0
    assert made.scores[0, 0] == 0.0
    for array in (made.scores, made.accuracy, made.groups):
        assert not array.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        made.accuracy[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.task = "other"  # type: ignore[misc]


def test_types_are_float64_and_int64() -> None:
    made = Problem("own", "t", ["a"], ["f"], [[1]], [2], [3])  # type: ignore[arg-type]
    assert (made.scores.dtype, made.accuracy.dtype, made.groups.dtype) == (np.float64, np.float64, np.int64)
    assert made.architectures == ("a",)
    assert made.proxies == ("f",)


def test_pickled_it_is_the_same_and_read_only() -> None:
    made = problem()
    assert made.has
    back = pickle.loads(pickle.dumps(made))
    assert (back.name, back.architectures, back.proxies) == (made.name, made.architectures, made.proxies)
    np.testing.assert_array_equal(back.scores, made.scores)
    assert not back.scores.flags.writeable


def test_has_counts_sentinels_as_measured() -> None:
    nan = np.nan
    assert measured([[1.0, nan], [nan, nan]]).has == {"flops"}
    assert measured([[1.0, -np.inf], [2.0, nan]]).has == {"flops", "zen"}
    assert measured([[1.0, -1e8], [2.0, nan]]).has == {"flops", "zen"}


def test_complete_keeps_rows_with_all_proxies() -> None:
    made = measured([[1.0, -np.inf], [2.0, np.nan], [np.nan, 3.0], [4.0, -1e8]])
    assert made.complete(["flops", "zen"]).architectures == ("a", "d")
    assert made.complete(["zen"]).architectures == ("a", "c", "d")
    assert made.complete([]).architectures == ("a", "b", "c", "d")
    assert made.complete(["flops", "zen"]).accuracy.tolist() == [0.0, 3.0]
    assert made.complete(["flops", "zen"]).proxies == ("flops", "zen")


@pytest.mark.parametrize("rows", [[2, 0], np.array([2, 0]), (2, 0)])
def test_take_indices(rows: list[int]) -> None:
    taken = measured([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).take(rows)
    assert taken.architectures == ("c", "a")
    assert taken.scores.tolist() == [[5.0, 6.0], [1.0, 2.0]]
    assert taken.accuracy.tolist() == [2.0, 0.0]
    assert taken.groups.tolist() == [2, 0]


def test_take_mask_and_nothing() -> None:
    made = measured([[1.0, 2.0], [3.0, 4.0]])
    assert made.take(np.array([False, True])).architectures == ("b",)
    assert len(made.take([])) == 0


def test_column_and_with_proxies() -> None:
    made = measured([[1.0, 2.0], [3.0, 4.0]])
    assert made.column("zen").tolist() == [2.0, 4.0]
    assert made.with_proxies(["zen"]).scores.tolist() == [[2.0], [4.0]]
    assert made.with_proxies(["zen", "flops"]).proxies == ("zen", "flops")


def test_unknown_proxy_is_suggested() -> None:
    with pytest.raises(SuiteError) as error:
        problem().column("flop")
    assert str(error.value) == "problem own/cifar10 has no proxy 'flop'; did you mean 'flops'?"


def test_groups_are_found_where_none_are_given() -> None:
    same = ("(2, 1, 1, 1, 0, 1)", "(1, 2, 1, 1, 1, 0)", "(3, 1, 1, 1, 0, 1)")
    made = Problem("nasbench201", "cifar10", same, ("flops",), np.ones((3, 1)), np.arange(3.0))
    assert made.groups.tolist() == network_groups("nasbench201", same, ("flops",), made.scores).tolist()
    assert made.groups[0] == made.groups[1] != made.groups[2]
    assert not made.groups.flags.writeable
    assert made.take([2]).groups.tolist() == [made.groups[2]]


def test_a_problem_from_a_data_frame() -> None:
    frame = pd.DataFrame(
        {"net": ["a", "b", "c"], "zen": [1, 2, 3], "flops": [0.5, np.nan, 2.0], "top1": [70, 80, 90]}
    )
    made = Problem("mine", "photos", frame["net"], ["zen", "flops"], frame[["zen", "flops"]], frame["top1"])  # type: ignore[arg-type]
    assert made.architectures == ("a", "b", "c")
    np.testing.assert_array_equal(made.scores, [[1.0, 0.5], [2.0, np.nan], [3.0, 2.0]])
    assert made.accuracy.tolist() == [70.0, 80.0, 90.0]
    assert len({*made.groups.tolist()}) == 3


def test_an_encoding_that_its_space_does_not_know() -> None:
    with pytest.raises(SpaceError, match="nasbench201 encoding '\\(9\\)' has 1 entries"):
        Problem("nasbench201", "cifar10", ("(9)",), (), np.ones((1, 0)), np.ones(1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": np.zeros((2, 2))}, "problem own/cifar10: scores has shape (2, 2), expected (8, 3)"),
        ({"accuracy": np.zeros(7)}, "problem own/cifar10: accuracy has shape (7,), expected (8,)"),
        ({"groups": np.zeros(9, dtype=int)}, "problem own/cifar10: groups has shape (9,), expected (8,)"),
        (
            {"proxies": ("flops", "flops", "zen")},
            "problem own/cifar10: a proxy is named twice in flops, flops, zen",
        ),
        (
            {"architectures": ("net-0", 7, *(f"net-{i}" for i in range(2, 8)))},
            "problem own/cifar10: the architecture 7 is of type int; write it as text",
        ),
        (
            {"proxies": ("flops", None, "zen")},
            "problem own/cifar10: the proxy None is of type NoneType; write it as text",
        ),
        (
            {"accuracy": np.array([1.0, np.nan, *range(6)])},
            "problem own/cifar10: the accuracy of net-1 is nan; leave out architectures without a finite accuracy",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(SuiteError) as error:
        dataclasses.replace(problem(), **change)  # type: ignore[arg-type]
    assert str(error.value) == message


def trained(repeats: object, accuracy: object = None) -> Problem:
    values = np.array(repeats, dtype=float)
    means = values.mean(axis=1) if accuracy is None else accuracy
    names = tuple(f"net-{row}" for row in range(len(values)))
    return Problem("own", "t", names, (), np.empty((len(values), 0)), means, repeats=values)  # type: ignore[arg-type]


def test_the_ceiling_is_how_well_two_trainings_agree() -> None:
    made = trained([[1, 1], [2, 3], [3, 2], [4, 4]])
    assert made.ceiling == pytest.approx(2 / 3)
    assert trained([[1, 1, 9], [2, 2, 0]]).ceiling == 1.0
    tied = trained([[1, 1], [1, 2], [2, 3]])
    assert tied.ceiling == pytest.approx(2 / np.sqrt(2 * 3))  # tau-b
    assert made.take([0, 1]).ceiling == 1.0


def test_no_ceiling() -> None:
    assert problem().ceiling is None
    assert trained([[1], [2]]).ceiling is None
    assert trained([[1, 2]]).ceiling is None
    assert trained([[1, 1], [1, 2]]).ceiling is None  # the first training tells nothing


def test_repeats_are_checked() -> None:
    with pytest.raises(
        SuiteError, match=r"problem own/t: repeats has shape \(2,\), expected \(2, trainings\)"
    ):
        trained([1, 2], [1, 2])
    with pytest.raises(SuiteError, match="the accuracy of net-1 is 3, but the mean of its trainings is 2"):
        trained([[1, 1], [2, 2]], [1, 3])
    with pytest.raises(SuiteError, match="the accuracy of net-0 is 1, but the mean of its trainings is nan"):
        trained([[np.nan, 1], [2, 2]], [1, 2])
    made = trained([[1, 3], [2, 2]])
    with pytest.raises(ValueError, match="read-only"):
        made.repeats[0, 0] = 9  # type: ignore[index]
