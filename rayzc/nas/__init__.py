"""Neural architecture search: how networks are bred under a formula, without Ray.

A *domain* says where to move, a *source* what an architecture scores, a *plan* under which formula, constraints and
budget; a :class:`Search` is the value in between, taken a batch further by :func:`advance`. Everything follows from
the evaluated history and the seed, so a search that was saved and restored continues identically. A
:class:`SearchOutcome` is what it found, :class:`Results` are the outcomes of many problems and seeds together.
"""

from rayzc.nas.algorithms import ALGORITHMS, Evaluation, Proposal
from rayzc.nas.baselines import (
    Baseline,
    Comparison,
    SearchProblem,
    compare,
    comparisons,
    on_demand,
    tabulated,
)
from rayzc.nas.domain import Domain, SpaceDomain, network_key
from rayzc.nas.objectives import Constraint, parse_constraint
from rayzc.nas.outcome import Finding, SearchOutcome, Step, outcome_of, shortlisted
from rayzc.nas.plan import Plan
from rayzc.nas.results import Average, Results, Sample
from rayzc.nas.scores import MixedScores, ScoreSource, Standing, TableScores, Truth
from rayzc.nas.search import Search, SearchEnding, absorb, advance, begin, propose, run
from rayzc.nas.table_domain import TableDomain, candidate_rows

__all__ = [
    "ALGORITHMS",
    "Average",
    "Baseline",
    "Comparison",
    "Constraint",
    "Domain",
    "Evaluation",
    "Finding",
    "MixedScores",
    "Plan",
    "Proposal",
    "Results",
    "Sample",
    "ScoreSource",
    "Search",
    "SearchEnding",
    "SearchOutcome",
    "SearchProblem",
    "SpaceDomain",
    "Standing",
    "Step",
    "TableDomain",
    "TableScores",
    "Truth",
    "absorb",
    "advance",
    "begin",
    "candidate_rows",
    "compare",
    "comparisons",
    "network_key",
    "on_demand",
    "outcome_of",
    "parse_constraint",
    "propose",
    "run",
    "shortlisted",
    "tabulated",
]
