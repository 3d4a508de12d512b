"""What a formula finds on the 13 real problems."""

import pytest

from rayzc.problems import Suite
from rayzc.search import Comparison, Outcome, Results, parse_plan, solve, tabulated

# A formula that rayzc bred on this suite, rounded; its mean Kendall's tau over the 13 problems is about .55.
FORMULA = "FORMULA_HERE"


@pytest.fixture(scope="module")
def results(real_suite: Suite) -> Results:
    outcomes: list[Outcome] = []
    comparisons: list[Comparison] = []
    for problem in real_suite.problems:
        for seed in range(3):
            asked = parse_plan(FORMULA, budget=300, seed=seed)
            outcome, others = solve(tabulated(problem, asked), asked)
            outcomes.append(outcome)
            comparisons += others if seed == 0 else ()
    return Results(tuple(outcomes), tuple(comparisons))
