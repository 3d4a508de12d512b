"""How networks are bred under a formula: ask and tell, without Ray.

A *domain* says where to move, a *source* what an architecture scores, a *plan* under which formula, constraints and
budget; a :class:`Search` is the value in between, taken a batch further by :func:`advance`. Everything follows from
the evaluated history and the seed, so a search that was saved and restored goes on identically. An :class:`Outcome`
is what it came to, :class:`Results` are the outcomes of many problems and seeds together.
"""

from rayzc.nas.algorithms import ALGORITHMS, AlgorithmSettings, Proposal, State, Told, ask, tell
from rayzc.nas.comparison import Comparison, compare
from rayzc.nas.constraints import Constraint, parse_constraint
from rayzc.nas.domain import Domain, SpaceDomain, network_key
from rayzc.nas.fronts import best_first, crowding_distances, front_numbers
from rayzc.nas.outcome import Finding, Outcome, Step, outcome_of, shortlisted
from rayzc.nas.plan import Plan, parse_plan
from rayzc.nas.results import Average, Results
from rayzc.nas.scores import MixedScores, Scored, ScoreSource, TableScores, Wanted
from rayzc.nas.search import (
    BUDGET_SPENT,
    EXHAUSTED,
    Evaluation,
    Search,
    absorb,
    advance,
    begin,
    propose,
    require_result,
    run,
)
from rayzc.nas.search_problem import SearchProblem, compared, on_demand, solve, tabulated
from rayzc.nas.table_domain import TableDomain, candidate_rows
from rayzc.nas.truth import Standing, Truth

__all__ = [
    "ALGORITHMS",
    "BUDGET_SPENT",
    "EXHAUSTED",
    "AlgorithmSettings",
    "Average",
    "Comparison",
    "Constraint",
    "Domain",
    "Evaluation",
    "Finding",
    "MixedScores",
    "Outcome",
    "Plan",
    "Proposal",
    "Results",
    "ScoreSource",
    "Scored",
    "Search",
    "SearchProblem",
    "SpaceDomain",
    "Standing",
    "State",
    "Step",
    "TableDomain",
    "TableScores",
    "Told",
    "Truth",
    "Wanted",
    "absorb",
    "advance",
    "ask",
    "begin",
    "best_first",
    "candidate_rows",
    "compare",
    "compared",
    "crowding_distances",
    "front_numbers",
    "network_key",
    "on_demand",
    "outcome_of",
    "parse_constraint",
    "parse_plan",
    "propose",
    "require_result",
    "run",
    "shortlisted",
    "solve",
    "tabulated",
    "tell",
]
