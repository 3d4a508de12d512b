"""The layout of a suite for speed."""

import re

import numpy as np
import pytest

from rayzc.errors import SuiteError
from rayzc.evolution import Tables
from rayzc.problems import Problem, Suite
from tests.evolution import samples


def test_every_row_is_there_with_its_accuracy(small_suite: Suite, small_tables: Tables) -> None:
    assert small_tables.problems == small_suite.names
    assert small_tables.proxies == samples.PROXIES
    assert small_tables.offsets.tolist() == [0, 40, 80, 120]
    assert small_tables.scores.flags.c_contiguous
    for p, problem in enumerate(small_suite.problems):
        low, high = small_tables.offsets[p : p + 2]
        accuracy = small_tables.accuracy[low:high]
        assert (np.diff(accuracy) >= 0).all()
        rows = {(*row, y) for row, y in zip(problem.scores.tolist(), problem.accuracy.tolist(), strict=True)}
        laid = np.column_stack([small_tables.scores[:, low:high].T, accuracy])
        assert {tuple(row) for row in laid.tolist()} == rows


def test_problems_of_different_length() -> None:
    parts = (samples.problem("a", rows=5), samples.problem("b", rows=2), samples.problem("c", rows=30))
    tables = Tables.of(Suite("ragged", parts))
    assert tables.offsets.tolist() == [0, 5, 7, 37]
    assert tables.scores.shape == (4, 37)
    assert np.array_equal(tables.accuracy[5:7], np.sort(parts[1].accuracy))


def test_pairs_that_no_proxy_tells_apart() -> None:
    rows = [[1.0, 2.0], [1.0, 2.0], [np.nan, 2.0], [np.nan, 2.0], [1.0, 3.0], [1.0, 2.0]]
    parts = [
        Problem(
            "own",
            task,
            tuple("abcdef")[:n],
            ("flops", "snip"),
            np.array(rows[:n]),
            np.arange(n),
            np.arange(n),
        )
        for task, n in (("six", 6), ("one", 1), ("five", 5))
    ]
    assert Tables.of(Suite("twins", tuple(parts))).indistinguishable().tolist() == [4, 0, 2]


@pytest.mark.parametrize("name", ["log", "max", "+", "l2-norm", "zen score", "2net", "é"])
def test_a_proxy_that_no_formula_can_name_is_refused(name: str) -> None:
    suite = Suite("odd", (samples.problem("a", proxies=("flops", name)),))
    message = (
        f"proxy '{name}' cannot be used in a formula: a name has letters, digits and _ only, and is not the name of a "
        "function; rename it, or choose others with --proxies"
    )
    with pytest.raises(SuiteError, match=f"^{re.escape(message)}$"):
        Tables.of(suite)


def test_problems_of_different_proxies_are_refused() -> None:
    """Columns would be taken for one another."""
    other: Problem = samples.problem("b", proxies=("jacov", "flops", "nwot", "snip"))
    with pytest.raises(SuiteError, match=r"own/b has other proxies than own/a; use Suite\.for_fitting first"):
        Tables.of(Suite("mixed", (samples.problem("a"), other)))
