"""Small tables with a planted truth, and plans for them."""

from typing import Any

import numpy as np

from rayzc.nas import Comparison, Plan, SearchOutcome, SearchProblem, comparisons, outcome_of, run
from rayzc.options import AlgorithmSettings, PlanOptions
from rayzc.problems import Problem, network_groups
from rayzc.spaces import SPACES

SMALL = AlgorithmSettings(population=12, tournament=4, generation=10, starts=4)


def planted(rows: int = 400, space: str = "nasbench201", seed: int = 0) -> Problem:
    """A random part of a space; ``good`` rises smoothly towards one architecture, and accuracy with it."""
    rng = np.random.default_rng(seed)
    known = SPACES[space]
    drawn: dict[str, None] = {}
    while len(drawn) < rows:
        drawn.setdefault(known.format(known.sample(rng)))
    architectures = tuple(drawn)
    values = np.array(
        [known.canonical(known.parse(text)) for text in architectures]
    )  # one network, one score
    weights = rng.normal(size=(values.shape[1], 5))
    good = weights[np.arange(values.shape[1]), values].sum(axis=1)
    cost = values.sum(axis=1).astype(float)
    noise = rng.normal(size=rows)
    scores = np.stack([good, cost, noise], axis=1)
    proxies = ("good", "cost", "noise")
    groups = network_groups(space, architectures, proxies, scores)
    return Problem(space, "planted", architectures, proxies, scores, 50 + good, groups)


def unknown(rows: int = 30) -> Problem:
    """A table of a space that nobody knows, each row a network."""
    rng = np.random.default_rng(0)
    architectures = tuple(f"depth {i // 5} width {i % 5}" for i in range(rows))
    scores = np.stack([rng.normal(size=rows), np.arange(rows) / 1.0], axis=1)
    return Problem("own", "toy", architectures, ("good", "cost"), scores, scores[:, 0], np.arange(rows))


def plan(algorithm: str, budget: int = 60, **others: Any) -> Plan:
    return parsed("good", algorithm=algorithm, budget=budget, **{"settings": SMALL, "batch": 5, **others})


def parsed(formula: str, **options: Any) -> Plan:
    """The plan of texts."""
    return Plan.of(PlanOptions(formula=formula, **options))


def solve(problem: SearchProblem, plan: Plan) -> tuple[SearchOutcome, tuple[Comparison, ...]]:
    """A whole search, and the baselines where all candidates have a true accuracy."""
    search = run(plan, problem.name, problem.domain, problem.source)
    return outcome_of(search, problem.domain.space, problem.truth), comparisons(problem, plan)
