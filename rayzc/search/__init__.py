"""How networks are bred under a formula: ask and tell, without Ray.

A *domain* says where to move, a *source* what an architecture scores, a *plan* under which formula, constraints and
budget; a :class:`Search` is the value in between, taken a batch further by :func:`advance`. Everything follows from
the evaluated history and the seed, so a search that was saved and restored goes on identically. An :class:`Outcome`
is what it came to, :class:`Results` are the outcomes of many problems and seeds together.

The package can be called, too: ``rayzc.search(formula, suite)`` runs many searches on a cluster, see
:mod:`rayzc.search.calling`.
"""

from rayzc.search.algorithms import ALGORITHMS, AlgorithmSettings, Proposal, State, Told, ask, tell
from rayzc.search.calling import make_callable
from rayzc.search.comparison import Comparison, compare
from rayzc.search.constraints import Constraint, parse_constraint
from rayzc.search.domain import Domain, SpaceDomain, network_key
from rayzc.search.fronts import best_first, crowding_distances, front_numbers
from rayzc.search.outcome import Finding, Outcome, Step, outcome_of, shortlisted
from rayzc.search.plan import Plan, parse_plan
from rayzc.search.results import Average, Results
from rayzc.search.scores import MixedScores, Scored, ScoreSource, TableScores, Wanted
from rayzc.search.search import (
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
from rayzc.search.search_problem import SearchProblem, compared, on_demand, solve, tabulated
from rayzc.search.table_domain import TableDomain, candidate_rows
from rayzc.search.truth import Standing, Truth

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

make_callable(__name__)
