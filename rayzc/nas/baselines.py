"""A problem ready to be searched, and the baselines that a search of it has to beat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rayzc.documents import record_of
from rayzc.errors import SearchError, SpaceError
from rayzc.formula import Formula, ranking_values
from rayzc.nas.domain import Domain, SpaceDomain
from rayzc.nas.objectives import require_met
from rayzc.nas.outcome import SHORTLIST, shortlisted
from rayzc.nas.plan import Plan
from rayzc.nas.scores import Measure, MixedScores, ScoreSource, Standing, TableScores, Truth, require_proxies
from rayzc.nas.search import run
from rayzc.nas.table_domain import TableDomain
from rayzc.problems import Problem
from rayzc.spaces import search_space

__all__ = [
    "Baseline",
    "Comparison",
    "SearchProblem",
    "compare",
    "comparisons",
    "on_demand",
    "tabulated",
]


@dataclass(frozen=True, eq=False, slots=True)
class SearchProblem:
    """A problem, ready to be searched.

    Attributes:
        name: ``space/task``.
        domain: where to move.
        source: where scores come from.
        truth: what is known of true accuracies; None for nothing.
    """

    name: str
    domain: Domain
    source: ScoreSource
    truth: Truth | None = None


def tabulated(problem: Problem, plan: Plan) -> SearchProblem:
    """A problem whose candidates are the rows of a table with all proxies that the plan needs.

    Raises:
        SearchError: the table lacks a proxy, or no row has all of them.
    """
    source = TableScores(problem)
    for part, proxies in plan.needs:
        require_proxies(source, proxies, problem.name, part)
    domain, truth = TableDomain(problem, plan.proxies), Truth(problem, plan.proxies)
    return SearchProblem(problem.name, domain, source, truth)


def on_demand(
    name: str,
    measure: Measure,
    measurable: Iterable[str],
    table: Problem | None = None,
    *,
    within_table: bool = False,
) -> SearchProblem:
    """A problem for which everything that no table has is measured.

    Args:
        name: ``space/task``.
        measure: measures networks.
        measurable: the proxies that it can measure.
        table: scores and true accuracies that are known; None for nothing.
        within_table: search only among the rows of the table, whether or not they have proxies; by default in the whole
            search space.

    Raises:
        SearchError: the search space is unknown, or there is no table to stay within.
    """
    known = None if table is None else TableScores(table)
    truth = None if table is None or not len(table) else Truth(table)
    source = MixedScores(known, measure, measurable)
    if within_table:
        if table is None:
            raise SearchError(f"{name}: there is no table to search within; search the whole space")
        return SearchProblem(name, TableDomain(table, ()), source, truth)
    space = name.partition("/")[0]
    try:
        searched = search_space(space)
    except SpaceError as error:
        raise SearchError(f"{name}: {error}") from None
    return SearchProblem(name, SpaceDomain(searched), source, truth)


class Baseline(Enum):
    """What a search has to beat: chance, single proxies, and the formula that sees every candidate.

    The values are what documents say, with the name of the proxy in the braces.
    """

    RANDOM_SEARCH = "random search"
    RANDOM_TEN = "random ten"
    FORMULA_ALL = "formula, all candidates"
    PROXY_SEARCH = "search by {}"
    PROXY_TEN = "ten best by {}"

    def text(self, proxy: str | None = None) -> str:
        """The baseline with this proxy in words: ``search by flops``."""
        return str(self.value).format(proxy)


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a baseline found, for the same problem and seed as a search.

    Attributes:
        problem: ``space/task``.
        seed: of the search that it is compared with.
        baseline: what was done. The two searches have the same budget; the other three see all candidates.
        proxy: the single proxy that decided; None for the others.
        evaluated: how many candidates it looked at.
        found: where its best architecture stands, by its own judgement.
        shortlist: the best standing in its shortlist of ten.
    """

    problem: str
    seed: int
    baseline: Baseline = msgspec.field(name="way")
    proxy: str | None
    evaluated: int
    found: Standing
    shortlist: Standing

    @property
    def way(self) -> str:
        """The baseline in words: ``random search``, ``search by flops``."""
        return self.baseline.text(self.proxy)

    def to_document(self) -> dict[str, Any]:
        """The comparison as JSON knows it."""
        return {**msgspec.to_builtins(self), "way": self.way}

    @classmethod
    def from_document(cls, document: Any, where: str | Path) -> "Comparison":
        """Reads what :meth:`to_document` wrote.

        Raises:
            SearchError: a key is unknown or missing, or a value cannot be used; names the key.
        """
        if isinstance(document, dict) and "way" in document:
            known = {baseline.text(document.get("proxy")): baseline.value for baseline in Baseline}
            document = {**document, "way": known.get(document["way"], document["way"])}
        return record_of(document, cls, where, SearchError)


def comparisons(problem: SearchProblem, plan: Plan) -> tuple[Comparison, ...]:
    """Compares a tabulated problem with the baselines, see :func:`compare`; empty where scores are measured.

    Raises:
        SearchError: no candidate meets the constraints.
    """
    if not isinstance(problem.domain, TableDomain) or not isinstance(problem.source, TableScores):
        return ()
    return compare(plan, problem.domain, problem.truth) if problem.truth else ()


def compare(
    plan: Plan, domain: TableDomain, truth: Truth, proxies: tuple[str, ...] = ()
) -> tuple[Comparison, ...]:
    """Runs the baselines on the candidates of a search.

    Single proxies are taken as they are recorded, larger for better: a proxy that correlates negatively on a problem
    does badly there.

    Args:
        plan: of the search to compare with; its budget, seed, algorithm and constraints hold for the baselines, too.
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

    def judged(baseline: Baseline, proxy: str | None, evaluated: int, rows: Sequence[int]) -> Comparison:
        standings = [truth.standing_of_row(row) for row in rows]
        best = min(standings, key=lambda standing: standing.rank)
        return Comparison(problem.name, plan.options.seed, baseline, proxy, evaluated, standings[0], best)

    def searched(baseline: Baseline, proxy: str | None, other: Plan) -> list[Comparison]:
        try:
            search = run(other, problem.name, domain, source)
        except SearchError:  # nothing it evaluated has a finite score: then there is nothing to compare with
            return []
        rows = [domain.row(evaluation.proposal.key) for evaluation in shortlisted(search)]
        return [judged(baseline, proxy, len(search.evaluations), rows)]

    def ten_best(baseline: Baseline, proxy: str | None, formula: Formula) -> Comparison:
        scores = ranking_values(formula.evaluate(columns))[met]
        places = met[np.argsort(-scores, kind="stable")[:SHORTLIST]]
        return judged(baseline, proxy, len(met), domain.rows[places].tolist())

    ten = np.random.default_rng([plan.options.seed, domain.size]).permutation(met)[:SHORTLIST]
    found = [
        *searched(Baseline.RANDOM_SEARCH, None, plan.replaced(algorithm="random", minimise=())),
        judged(Baseline.RANDOM_TEN, None, len(ten), domain.rows[ten].tolist()),
        ten_best(Baseline.FORMULA_ALL, None, plan.formula),
    ]
    for proxy in proxies:
        alone = Formula((proxy,))
        found += searched(Baseline.PROXY_SEARCH, proxy, plan.replaced(formula=proxy, minimise=()))
        found.append(ten_best(Baseline.PROXY_TEN, proxy, alone))
    return tuple(found)
