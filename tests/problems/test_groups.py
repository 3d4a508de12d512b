import hashlib

import numpy as np
import pytest

from rayzc.errors import SpaceError
from rayzc.problems import Suite, network_groups

NO_SCORES = np.empty((2, 0))


def test_known_space_goes_by_the_encoding() -> None:
    first, second = network_groups("nasbench201", ["(2, 1, 1, 1, 0, 1)", "(1, 2, 1, 1, 1, 0)"], [], NO_SCORES)
    assert first == second
    first, second = network_groups("nasbench201", ["(2, 1, 1, 1, 0, 1)", "(3, 1, 1, 1, 0, 1)"], [], NO_SCORES)
    assert first != second


def test_known_space_ignores_rows() -> None:
    """Equal scores do not make one network of two encodings that differ."""
    same = np.ones((2, 3))
    proxies = ["flops", "params", "synflow"]
    first, second = network_groups("nasbench201", ["(2, 1, 1, 1, 0, 1)", "(3, 1, 1, 1, 0, 1)"], proxies, same)
    assert first != second


def test_unknown_space_goes_by_rows_of_deterministic_proxies() -> None:
    proxies = ["jacov", "params", "flops", "synflow"]
    scores = np.array(
        [[1.0, 2.0, 3.0, 4.0], [9.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.5], [1.0, 2.0, 3.0, np.nan]]
    )
    groups = network_groups("own", ["a", "b", "c", "d"], proxies, scores).tolist()
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


def test_rows_that_were_not_measured_stand_for_themselves() -> None:
    proxies = ["flops", "params", "synflow"]
    groups = network_groups("own", ["a", "b"], proxies, np.full((2, 3), np.nan))
    assert groups[0] != groups[1]


def test_params_and_flops_alone_are_not_enough() -> None:
    groups = network_groups("own", ["a", "b"], ["flops", "params"], np.ones((2, 2)))
    assert groups[0] != groups[1]


@pytest.mark.parametrize("space", ["nasbench201", "own"])
def test_numbers_do_not_depend_on_the_other_rows(space: str) -> None:
    one, other = "(2, 1, 1, 1, 0, 1)", "(3, 3, 1, 1, 0, 1)"
    both = network_groups(space, [one, other], [], NO_SCORES)
    assert network_groups(space, [other], [], np.empty((1, 0)))[0] == both[1]
    assert both.dtype == np.int64
    assert (both >= 0).all()


def test_numbers_are_the_same_in_every_run() -> None:
    expected = int(hashlib.sha256(b"own\0a").hexdigest()[:16], 16) // 2
    assert network_groups("own", ["a"], [], np.empty((1, 0))).tolist() == [expected]


def test_bad_encoding_of_a_known_space_is_refused() -> None:
    with pytest.raises(SpaceError, match="nasbench201 encoding '\\(9\\)' has 1 entries"):
        network_groups("nasbench201", ["(9)"], [], np.empty((1, 0)))


def test_why_known_spaces_do_not_go_by_rows(real_suite: Suite) -> None:
    """The figures that the module's docstring gives."""
    fitted = real_suite.problem("nasbench201/cifar100").complete(["flops", "params", "synflow"])
    pairs = {(f, p) for f, p in zip(fitted.column("flops"), fitted.column("params"), strict=True)}
    assert (len(fitted), len(pairs), len(np.unique(fitted.groups))) == (725, 66, 447)
    rows = {tuple(row) for row in fitted.with_proxies(["flops", "params", "synflow"]).scores.tolist()}
    assert len(rows) == 724
