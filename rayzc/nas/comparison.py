"""What a search has to beat: chance, single proxies, and the sight of everything, on a table that knows the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rayzc.errors import SearchError
from rayzc.formula import Formula, ranking_values
from rayzc.nas.constraints import require_met
from rayzc.nas.outcome import SHORTLIST, shortlisted
from rayzc.nas.plan import Plan
from rayzc.nas.scores import TableScores
from rayzc.nas.search import run
from rayzc.nas.table_domain import TableDomain
from rayzc.nas.truth import Standing, Truth

__all__ = ["FORMULA_SEES_ALL", "RANDOM_SEARCH", "RANDOM_TEN", "Comparison", "compare"]

RANDOM_SEARCH = "random search"
RANDOM_TEN = "random ten"
FORMULA_SEES_ALL = "formula, all candidates"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another way to a network, for the same problem and seed.

    Attributes:
        problem: ``space/task``.
        seed: of the search that it is compared with.
        way: what was done: ``random search`` and ``search by PROXY`` with the same budget, ``random ten``,
            ``ten best by PROXY`` and ``formula, all candidates``, which see all candidates.
        proxy: the single proxy that decided; None for the others.
        evaluated: how many candidates it looked at.
        found: where its one best stands, by its own judgement.
        shortlist: the best standing in its shortlist of ten.
    """

    problem: str
    seed: int
    way: str
    proxy: str | None
    evaluated: int
    found: Standing
    shortlist: Standing


def compare(
    plan: Plan, domain: TableDomain, truth: Truth, proxies: tuple[str, ...] = ()
) -> tuple[Comparison, ...]:
    """Goes the other ways, on the candidates of the search.

    Single proxies are taken as they are recorded, larger for better: a proxy that correlates
    negatively on a problem does badly there.

    Args:
        plan: of the search to compare with: its budget, seed, algorithm and constraints hold here, too.
        domain: its candidates.
        truth: the accuracies.
        proxies: the single proxies; by default all that the table has for every candidate.

    Raises:
        SearchError: no candidate meets the constraints.
    """
    problem = domain.problem
    if not proxies:
        complete = [name for name in problem.proxies if not np.isnan(problem.column(name)[domain.rows]).any()]
        proxies = tuple(sorted(complete))
    columns = {name: problem.column(name)[domain.rows] for name in {*plan.proxies, *proxies}}
    require_met(plan.constraints, columns, problem.name, "candidates")
    met = np.flatnonzero(plan.objectives(columns)[2])
    source = TableScores(problem)

    def judged(way: str, proxy: str | None, evaluated: int, rows: Sequence[int]) -> Comparison:
        standings = [truth.standing_of_row(row) for row in rows]
        best = min(standings, key=lambda one: one.rank)
        return Comparison(problem.name, plan.seed, way, proxy, evaluated, standings[0], best)

    def searched(way: str, proxy: str | None, other: Plan) -> list[Comparison]:
        try:
            search = run(other, problem.name, domain, source)
        except SearchError:  # nothing it evaluated has a finite score: then there is nothing to compare with
            return []
        rows = [domain.row(one.proposal.key) for one in shortlisted(search)]
        return [judged(way, proxy, len(search.evaluations), rows)]

    def ten_best(way: str, proxy: str | None, formula: Formula) -> Comparison:
        scores = ranking_values(formula.evaluate(columns))[met]
        places = met[np.argsort(-scores, kind="stable")[:SHORTLIST]]
        return judged(way, proxy, len(met), domain.rows[places].tolist())

    ten = np.random.default_rng([plan.seed, domain.size]).permutation(met)[:SHORTLIST]
    comparisons = [
        *searched(RANDOM_SEARCH, None, replace(plan, algorithm="random", minimise=())),
        judged(RANDOM_TEN, None, len(ten), domain.rows[ten].tolist()),
        ten_best(FORMULA_SEES_ALL, None, plan.formula),
    ]
    for proxy in proxies:
        alone = Formula((proxy,))
        comparisons += searched(f"search by {proxy}", proxy, replace(plan, formula=alone, minimise=()))
        comparisons.append(ten_best(f"ten best by {proxy}", proxy, alone))
    return tuple(comparisons)
