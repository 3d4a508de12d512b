import math

import numpy as np

from rayzc.evolution import POOL_RANKINGS, assess_pools, az_nas
from rayzc.evolution.assessment import kendall
from rayzc.problems import load_suite


def test_az_nas_by_hand() -> None:
    pool = {
        "expressivity": np.array([1.0, 5.0, 3.0, 7.0]),  # ranks 1, 3, 2, 4
        "progressivity": np.array([0.1, -math.inf, 0.1, 0.2]),  # ranks 2.5, 1, 2.5, 4
        "trainability": np.array([-1.0, -2.0, -3.0, math.nan]),  # ranks 4, 3, 2, 1
        "flops": np.array([30.0, 10.0, 20.0, 40.0]),  # ranks 3, 1, 2, 4
        "nwot": np.array([9.0, 1.0, 1.0, 1.0]),  # is not asked
    }
    products = np.array([1 * 2.5 * 4 * 3, 3 * 1 * 3 * 1, 2 * 2.5 * 2 * 2, 4 * 4 * 1 * 4]) / 4**4
    np.testing.assert_allclose(az_nas(pool), np.log(products))
    assert POOL_RANKINGS["az_nas"].proxies == ("expressivity", "progressivity", "trainability", "flops")


def test_only_ranks_count() -> None:
    draws = np.random.default_rng(0)
    pool = {name: draws.normal(size=30) for name in POOL_RANKINGS["az_nas"].proxies}
    curved = {name: np.exp(column) * 3 - 1 for name, column in pool.items()}
    np.testing.assert_array_equal(az_nas(pool), az_nas(curved))


def test_the_pools_of_a_suite() -> None:
    suite = load_suite("mini-13").for_fitting()
    found = assess_pools(suite)
    assert list(found) == ["az_nas"]
    assert list(found["az_nas"]) == list(suite.names)
    problem = suite.problems[0]
    columns = {proxy: problem.column(proxy) for proxy in problem.proxies}
    assert found["az_nas"][problem.name] == kendall(az_nas(columns), problem.accuracy)


def test_a_suite_without_the_proxies_has_no_such_ranking() -> None:
    suite = load_suite("mini-13").for_fitting(["flops", "nwot"])
    assert assess_pools(suite) == {}
