"""What is searched: a problem's name, where to move in it, where scores come from, and what is truly known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rayzc.errors import SearchError, nearest
from rayzc.nas.comparison import Comparison, compare
from rayzc.nas.domain import Domain, SpaceDomain
from rayzc.nas.outcome import Outcome, outcome_of
from rayzc.nas.plan import Plan
from rayzc.nas.scores import Measure, MixedScores, ScoreSource, TableScores, require_proxies
from rayzc.nas.search import Search, run
from rayzc.nas.table_domain import TableDomain
from rayzc.nas.truth import Truth
from rayzc.problems import Problem
from rayzc.spaces import SPACES

__all__ = ["SearchProblem", "compared", "on_demand", "solve", "tabulated"]


@dataclass(frozen=True, eq=False, slots=True)
class SearchProblem:
    """One problem, ready to be searched.

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
    """A search among the rows of a table: those with all proxies that the plan needs are the candidates.

    Raises:
        SearchError: the table lacks a proxy, or no row has all of them.
    """
    source = TableScores(problem)
    for who, proxies in plan.needs:
        require_proxies(source, proxies, problem.name, who)
    return SearchProblem(
        problem.name, TableDomain(problem, plan.proxies), source, Truth(problem, plan.proxies)
    )


def on_demand(
    name: str,
    measure: Measure,
    measurable: Iterable[str],
    table: Problem | None = None,
    *,
    within_table: bool = False,
) -> SearchProblem:
    """A search that measures what no table has.

    Args:
        name: ``space/task``.
        measure: measures networks.
        measurable: the proxies that it can measure.
        table: what is known already, and the truth; None for nothing.
        within_table: search only among the table's rows, whether or not they have proxies; by default the whole
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
    if space not in SPACES:
        raise SearchError(
            f"{name}: there is no search space '{space}' to search; {nearest(space, list(SPACES))}"
        )
    return SearchProblem(name, SpaceDomain(SPACES[space]), source, truth)


def solve(
    problem: SearchProblem, plan: Plan, report: Callable[[Search], None] | None = None
) -> tuple[Outcome, tuple[Comparison, ...]]:
    """A whole search, and what it is compared with: where all candidates have a truth, other ways to a network.

    Raises:
        SearchError: as for :func:`rayzc.nas.run`.
    """
    search = run(plan, problem.name, problem.domain, problem.source, report)
    return outcome_of(search, problem.domain.space, problem.truth), compared(problem, plan)


def compared(problem: SearchProblem, plan: Plan) -> tuple[Comparison, ...]:
    """The comparisons of a tabulated problem, see :func:`rayzc.nas.compare`; none where scores are measured.

    Raises:
        SearchError: no candidate meets the constraints.
    """
    if not isinstance(problem.domain, TableDomain) or not isinstance(problem.source, TableScores):
        return ()
    return compare(plan, problem.domain, problem.truth) if problem.truth else ()
