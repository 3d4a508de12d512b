"""A search as a value, and the step that takes it one batch further."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rayzc.documents import document_text, read_record
from rayzc.errors import SearchError
from rayzc.measurement import Measurement, Request
from rayzc.nas.algorithms import Evaluation, Proposal, next_batch
from rayzc.nas.domain import Domain
from rayzc.nas.objectives import require_met
from rayzc.nas.plan import Plan
from rayzc.nas.scores import ScoreSource, require_proxies
from rayzc.nas.table_domain import TableDomain
from rayzc.options import PlanOptions

__all__ = ["Search", "SearchEnding", "absorb", "advance", "begin", "propose", "require_result", "run"]


class SearchEnding(StrEnum):
    """Why a search ended; the values are what documents and displays say."""

    BUDGET_SPENT = "budget spent"
    EXHAUSTED = "space exhausted"
    TIME_LIMIT = "time limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Search:
    """The state of a search.

    Attributes:
        plan: what it is asked to do.
        problem: name of what is searched, ``nasbench201/cifar10``.
        evaluations: everything evaluated so far, in the order of the proposals.
        ended: why it ended; None while it goes on.
    """

    plan: Plan
    problem: str
    evaluations: tuple[Evaluation, ...] = ()
    ended: SearchEnding | None = None

    @property
    def best(self) -> Evaluation | None:
        """The eligible evaluation with the best score, the first of equals; None while there is none."""
        eligible = [evaluation for evaluation in self.evaluations if evaluation.eligible]
        return max(eligible, key=lambda evaluation: evaluation.score) if eligible else None

    @property
    def cache_hits(self) -> int:
        """How many networks had scores from a cache."""
        return sum(evaluation.measurement.cached for evaluation in self.evaluations)

    @property
    def measured(self) -> int:
        """How many networks were measured."""
        return sum(evaluation.measurement.measured for evaluation in self.evaluations)

    @property
    def measuring_seconds(self) -> float:
        """How long measuring took, over all workers."""
        return sum(evaluation.measurement.seconds for evaluation in self.evaluations)

    def to_text(self) -> str:
        """The search as a JSON document, from which it continues identically."""
        content = {
            "problem": self.problem,
            "plan": self.plan.options.to_document(),
            "ended": self.ended,
            "evaluations": [_row(evaluation) for evaluation in self.evaluations],
        }
        return document_text("search", content)

    @classmethod
    def from_text(cls, text: str | bytes, where: str | Path = "the saved search") -> "Search":
        """Reads what :meth:`to_text` wrote.

        Args:
            text: the document.
            where: its file, for messages.

        Raises:
            SearchError: it is not a search, is of another version, or has a key that is unknown or missing.
        """
        document = read_record(text, "search", _Document, where, SearchError)
        options = PlanOptions.from_document(document.plan, f"{where}, plan", SearchError)
        return cls(
            Plan.of(options), document.problem, tuple(map(_evaluation, document.evaluations)), document.ended
        )


def begin(plan: Plan, problem: str, domain: Domain, source: ScoreSource) -> Search:
    """A search that has evaluated nothing yet.

    Args:
        plan: what to do.
        problem: name of what is searched.
        domain: where to move.
        source: where scores come from.

    Raises:
        SearchError: the source lacks a proxy that the plan needs; or the domain is a table, and no candidate meets the
            constraints.
    """
    for part, proxies in plan.needs:
        require_proxies(source, proxies, problem, part)
    if isinstance(domain, TableDomain) and set(plan.proxies) <= set(domain.proxies):
        columns = {name: domain.problem.column(name)[domain.rows] for name in plan.proxies}
        require_met(plan.constraints, columns, problem, "candidates")
    return Search(plan, problem)


def propose(search: Search, domain: Domain) -> tuple[Proposal, ...]:
    """Proposes what to evaluate next, up to a batch; it follows from the search alone.

    Nothing is left to propose where the budget is spent or the domain exhausted.
    """
    asked = search.plan.options
    room = asked.budget - len(search.evaluations)
    if search.ended or room <= 0:
        return ()
    return next_batch(
        asked.algorithm, search.evaluations, min(room, asked.batch), domain, asked.seed, asked.settings
    )


def absorb(search: Search, proposals: Sequence[Proposal], measurements: Sequence[Measurement]) -> Search:
    """The search that knows the scores of its proposals.

    Args:
        search: the search.
        proposals: what it proposed.
        measurements: the scores of each, in the same order.

    Raises:
        SearchError: there are more or fewer measurements than proposals.
    """
    if len(proposals) != len(measurements):
        raise SearchError(
            f"{len(proposals)} architectures were proposed, but {len(measurements)} were measured"
        )
    plan = search.plan
    if not proposals:
        spent = len(search.evaluations) >= plan.options.budget
        return replace(
            search, ended=search.ended or (SearchEnding.BUDGET_SPENT if spent else SearchEnding.EXHAUSTED)
        )
    scores, values, met = plan.objectives(_columns(plan, measurements))
    evaluations = tuple(
        Evaluation(
            proposal, _kept(measurements[i], plan), float(scores[i]), tuple(values[i].tolist()), bool(met[i])
        )
        for i, proposal in enumerate(proposals)
    )
    search = replace(search, evaluations=(*search.evaluations, *evaluations))
    return (
        replace(search, ended=SearchEnding.BUDGET_SPENT)
        if len(search.evaluations) >= plan.options.budget
        else search
    )


def advance(search: Search, domain: Domain, source: ScoreSource) -> Search:
    """The search one batch further; unchanged if it has ended."""
    if search.ended:
        return search
    proposals = propose(search, domain)
    space, _, task = search.problem.partition("/")
    # All searches measure with one seed, so that each knows what another has measured.
    requests = [Request(space, proposal.architecture, task, search.plan.proxies) for proposal in proposals]
    return absorb(search, proposals, source.answer(requests) if requests else [])


def run(plan: Plan, problem: str, domain: Domain, source: ScoreSource) -> Search:
    """Runs a whole search.

    Args:
        plan: what to do.
        problem: name of what is searched.
        domain: where to move.
        source: where scores come from.

    Raises:
        SearchError: as for :func:`begin`; or no architecture that was evaluated meets the constraints.
    """
    search = begin(plan, problem, domain, source)
    while not search.ended:
        search = advance(search, domain, source)
    require_result(search)
    return search


def require_result(search: Search) -> None:
    """Checks that a search that has ended has found something.

    Raises:
        SearchError: nothing that it evaluated is eligible; says why.
    """
    if search.best is not None:
        return
    measurements = [evaluation.measurement for evaluation in search.evaluations]
    columns = _columns(search.plan, measurements)
    require_met(search.plan.constraints, columns, search.problem, "architectures evaluated")
    reasons = [reason for measurement in measurements for reason in measurement.failures.values()]
    because = f"; the first failure: {reasons[0]}" if reasons else ""
    raise SearchError(
        f"{search.problem}: none of the {len(measurements)} architectures evaluated has a finite score{because}"
    )


def _columns(plan: Plan, measurements: Sequence[Measurement]) -> Mapping[str, NDArray[np.float64]]:
    """Scores by proxy, ``(measurements,)``, nan where there is none."""
    return {
        name: np.array([measurement.scores.get(name, np.nan) for measurement in measurements])
        for name in plan.proxies
    }


def _kept(measurement: Measurement, plan: Plan) -> Measurement:
    """The part of a measurement that a search keeps: what its document has, so that it can be restored."""
    scores = {name: measurement.scores[name] for name in plan.proxies if name in measurement.scores}
    return Measurement(scores, dict(measurement.failures), measurement.seconds, cached=measurement.cached)


_Row = tuple[
    tuple[str, str, str | None],
    float,
    tuple[float, ...],
    bool,
    dict[str, float],
    dict[str, str],
    bool,
    bool,
    float,
]
"""Proposal (architecture, key, parent), score, values, met, scores, failures, measured, cached, seconds."""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """A search as JSON; an evaluation is a row, as there are thousands of them."""

    problem: str
    plan: dict[str, object]
    ended: SearchEnding | None
    evaluations: list[_Row]


def _row(evaluation: Evaluation) -> _Row:
    proposal, measurement = evaluation.proposal, evaluation.measurement
    return (
        (proposal.architecture, proposal.key, proposal.parent),
        evaluation.score,
        evaluation.values,
        evaluation.met,
        dict(measurement.scores),
        dict(measurement.failures),
        measurement.measured,
        measurement.cached,
        measurement.seconds,
    )


def _evaluation(row: _Row) -> Evaluation:
    proposal, score, values, met, scores, failures, _, cached, seconds = row
    return Evaluation(
        Proposal(*proposal), Measurement(scores, failures, seconds, cached=cached), score, values, met
    )
