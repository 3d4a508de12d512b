"""Small searches, and what is said of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rayzc.nas import Results
from rayzc.options import Setup
from rayzc.problems import Problem, Suite
from rayzc.problems.groups import network_groups
from rayzc.proxies import ByProducts, proxy, unregister
from rayzc.spaces import SPACES

SETUP = Setup(batch=4, width=8, depth=1)
FORMULA = "synflow + log(params) + 0 * unhurried"
ON_DEMAND: dict[str, Any] = {
    "formula": FORMULA,
    "suite": None,
    "problems": ["nasbench201/cifar10"],
    "budget": 60,
    "seeds": 2,
    "batch": 4,
    "setup": SETUP,
}
PROXIES = ("flops", "noise")


@contextmanager
def unhurried_proxy() -> Iterator[None]:
    """A proxy that takes its time, so that a search is not over before it can be ended in its middle."""

    @proxy(needs="weights")
    def unhurried(measured: ByProducts) -> float:
        time.sleep(0.1)
        return float(len(measured.weights))

    try:
        yield
    finally:
        unregister("unhurried")


def suite() -> Suite:
    """Two problems of 120 architectures each, whose accuracy flops tell but for some noise."""
    rng = np.random.default_rng(7)
    problems = []
    for space, task in (("nasbench201", "cifar10"), ("transbench101_micro", "jigsaw")):
        known = SPACES[space]
        drawn = dict.fromkeys(known.format(known.sample(rng)) for _ in range(400))
        architectures = tuple(drawn)[:120]
        flops = rng.uniform(1, 9, 120)
        accuracy = np.round(flops * 10 + rng.normal(size=120), 2)
        scores = np.column_stack([flops, rng.normal(size=120)])
        groups = network_groups(space, architectures, PROXIES, scores)
        problems.append(Problem(space, task, architectures, PROXIES, scores, accuracy, groups))
    return Suite("small", tuple(problems))


def trajectories(searched: Results) -> dict[tuple[str, int], list[tuple[object, ...]]]:
    """All that a search found on its way and in the end, by problem and seed."""
    return {
        (one.problem, one.seed): [
            *((step.evaluated, step.score) for step in one.trajectory),
            *((finding.encoding, finding.score) for finding in one.shortlist),
        ]
        for one in searched.outcomes
    }
