"""How formulas are bred: fitness, variation, selection, and one island's step. Nothing here knows Ray.

An *island* is a value that holds a population of formulas. :func:`step` is a pure function that returns the
island one epoch later: parents are selected, offspring are bred from them by crossover and mutation, a
:class:`Judge` computes the rank correlation of each with the true accuracy on every problem, and the best live on.
Between epochs, copies of the best migrate to other islands along a topology.
"""

from rayzc.evolution.assessment import ProblemScore, SuiteScore, assess, best_single_proxies, score
from rayzc.evolution.correlations import CORRELATIONS, Correlation
from rayzc.evolution.fitness import Judge, Verdict
from rayzc.evolution.individual import (
    Individual,
    judged,
    judged_as_it_is,
    one_of_each_shape,
    pareto_front,
    unique,
)
from rayzc.evolution.island import Island, check_settings, emigrants, initialise, step
from rayzc.evolution.kendall import kendall_tau
from rayzc.evolution.objectives import OBJECTIVES, Objective
from rayzc.evolution.pools import POOL_RANKINGS, PoolRanking, assess_pools, az_nas
from rayzc.evolution.selection import SELECTIONS, Selection
from rayzc.evolution.tables import Tables
from rayzc.evolution.topology import TOPOLOGIES, Topology
from rayzc.evolution.variation import OPERATORS, Vocabulary

__all__ = [
    "CORRELATIONS",
    "OBJECTIVES",
    "OPERATORS",
    "POOL_RANKINGS",
    "SELECTIONS",
    "TOPOLOGIES",
    "Correlation",
    "Individual",
    "Island",
    "Judge",
    "Objective",
    "PoolRanking",
    "ProblemScore",
    "Selection",
    "SuiteScore",
    "Tables",
    "Topology",
    "Verdict",
    "Vocabulary",
    "assess",
    "assess_pools",
    "az_nas",
    "best_single_proxies",
    "check_settings",
    "emigrants",
    "initialise",
    "judged",
    "judged_as_it_is",
    "kendall_tau",
    "one_of_each_shape",
    "pareto_front",
    "score",
    "step",
    "unique",
]
