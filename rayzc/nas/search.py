"""A search as a value, and the step that takes it one batch further."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from rayzc.errors import SearchError
from rayzc.nas.algorithms import Proposal, State, Told, ask
from rayzc.nas.constraints import require_met
from rayzc.nas.domain import Domain
from rayzc.nas.jsonable import SCHEMA_VERSION, packed, read_document, unpacked
from rayzc.nas.plan import Plan
from rayzc.nas.scores import Scored, ScoreSource, Wanted, require_proxies
from rayzc.nas.table_domain import TableDomain

__all__ = [
    "BUDGET_SPENT",
    "EXHAUSTED",
    "Evaluation",
    "Search",
    "absorb",
    "advance",
    "begin",
    "propose",
    "run",
]

BUDGET_SPENT = "budget spent"
EXHAUSTED = "space exhausted"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An architecture that was proposed, and what became of it.

    Attributes:
        proposal: the architecture.
        score: by the formula, the larger the better; -inf where it is not finite or could not be had.
        values: all objectives, to be maximised; -inf where a constraint is not met or one of them is not finite.
        met: whether it meets all constraints.
        proxies: its scores by proxy.
        failures: why a proxy has no score.
        measured: whether something was measured for it.
        cached: whether something came from a cache.
        seconds: how long measuring took.
    """

    proposal: Proposal
    score: float
    values: tuple[float, ...]
    met: bool
    proxies: Mapping[str, float]
    failures: Mapping[str, str]
    measured: bool = False
    cached: bool = False
    seconds: float = 0.0

    @property
    def architecture(self) -> str:
        """Its encoding."""
        return self.proposal.architecture

    @property
    def eligible(self) -> bool:
        """Whether it may be a result: it meets all constraints, and all objectives are finite."""
        return self.values[0] != -np.inf


@dataclass(frozen=True, slots=True)
class Search:
    """Where a search stands.

    Attributes:
        plan: what it is asked to do.
        problem: name of what is searched, ``nasbench201/cifar10``.
        evaluations: all that was evaluated, in the order of the proposals.
        ended: why it is over; None while it goes on.
    """

    plan: Plan
    problem: str
    evaluations: tuple[Evaluation, ...] = ()
    ended: str | None = None

    @property
    def state(self) -> State:
        """The algorithm's state, which follows from what was evaluated."""
        history = tuple(Told(one.proposal, one.values) for one in self.evaluations)
        return State(self.plan.algorithm, self.plan.seed, self.plan.settings, history)

    @property
    def best(self) -> Evaluation | None:
        """The eligible one with the best score, the first of equals; None while there is none."""
        eligible = [one for one in self.evaluations if one.eligible]
        return max(eligible, key=lambda one: one.score) if eligible else None

    @property
    def cache_hits(self) -> int:
        """How many networks had scores from a cache."""
        return sum(one.cached for one in self.evaluations)

    @property
    def measured(self) -> int:
        """How many networks were measured."""
        return sum(one.measured for one in self.evaluations)

    @property
    def measuring_seconds(self) -> float:
        """How long measuring took, over all workers."""
        return sum(one.seconds for one in self.evaluations)

    def to_json(self) -> str:
        """The search as a JSON document, from which it goes on identically."""
        return json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "kind": "search",
                "problem": self.problem,
                "plan": self.plan.to_document(),
                "ended": self.ended,
                "evaluations": [_written(one) for one in self.evaluations],
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Search":
        """The search of a JSON document.

        Raises:
            SearchError: it is none, or of another version.
        """
        document = read_document(text, "search")
        try:
            evaluations = tuple(_read(one) for one in document["evaluations"])
            return cls(
                Plan.of_document(document["plan"]), document["problem"], evaluations, document["ended"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SearchError(f"the saved search cannot be used: {error!r}") from None


def begin(plan: Plan, problem: str, domain: Domain, source: ScoreSource) -> Search:
    """A search that has evaluated nothing yet.

    Args:
        plan: what to do.
        problem: name of what is searched.
        domain: where to move.
        source: where scores come from.

    Raises:
        SearchError: the source cannot give a proxy that the plan needs; or the domain is a table, and no candidate
            meets the constraints.
    """
    for who, proxies in plan.needs:
        require_proxies(source, proxies, problem, who)
    if isinstance(domain, TableDomain) and set(plan.proxies) <= set(domain.proxies):
        columns = {name: domain.problem.column(name)[domain.rows] for name in plan.proxies}
        require_met(plan.constraints, columns, problem, "candidates")
    return Search(plan, problem)


def propose(search: Search, domain: Domain) -> tuple[Proposal, ...]:
    """What to evaluate next, up to a batch: it depends on the search alone, so it can be asked again.

    None is left where the budget is spent or the domain exhausted.
    """
    room = search.plan.budget - len(search.evaluations)
    if search.ended or room <= 0:
        return ()
    return ask(search.state, min(room, search.plan.batch), domain)[1]


def absorb(search: Search, proposals: Sequence[Proposal], scored: Sequence[Scored]) -> Search:
    """The search that knows the scores of what was proposed, in the order of the proposals.

    Raises:
        SearchError: there are more or fewer scores than proposals.
    """
    if len(proposals) != len(scored):
        raise SearchError(f"{len(proposals)} architectures were proposed and {len(scored)} scored")
    if not proposals:
        spent = len(search.evaluations) >= search.plan.budget
        return replace(search, ended=search.ended or (BUDGET_SPENT if spent else EXHAUSTED))
    columns = {
        name: np.array([one.scores.get(name, np.nan) for one in scored]) for name in search.plan.proxies
    }
    scores, values, met = search.plan.objectives(columns)
    evaluations = tuple(
        Evaluation(
            proposal,
            float(scores[i]),
            tuple(values[i].tolist()),
            bool(met[i]),
            MappingProxyType({name: one.scores[name] for name in search.plan.proxies if name in one.scores}),
            MappingProxyType(dict(one.failures)),
            one.measured,
            one.cached,
            one.seconds,
        )
        for i, (proposal, one) in enumerate(zip(proposals, scored, strict=True))
    )
    search = replace(search, evaluations=(*search.evaluations, *evaluations))
    return replace(search, ended=BUDGET_SPENT) if len(search.evaluations) >= search.plan.budget else search


def advance(search: Search, domain: Domain, source: ScoreSource) -> Search:
    """The search one batch further; unchanged if it is over."""
    if search.ended:
        return search
    proposals = propose(search, domain)
    proxies = search.plan.proxies
    wanted = [Wanted(one.architecture, proxies) for one in proposals]
    return absorb(search, proposals, source.scores(wanted) if wanted else [])


def run(
    plan: Plan,
    problem: str,
    domain: Domain,
    source: ScoreSource,
    report: Callable[[Search], None] | None = None,
) -> Search:
    """A whole search.

    Args:
        plan: what to do.
        problem: name of what is searched.
        domain: where to move.
        source: where scores come from.
        report: is told of the search after each batch.

    Raises:
        SearchError: as for :func:`begin`; or no architecture that was evaluated meets the constraints.
    """
    search = begin(plan, problem, domain, source)
    while not search.ended:
        search = advance(search, domain, source)
        if report:
            report(search)
    require_result(search)
    return search


def require_result(search: Search) -> None:
    """Checks that a search that is over has found something.

    Raises:
        SearchError: nothing that it evaluated is eligible; says why.
    """
    if search.best is not None:
        return
    evaluations = search.evaluations
    columns = {
        name: np.array([one.proxies.get(name, np.nan) for one in evaluations]) for name in search.plan.proxies
    }
    require_met(search.plan.constraints, columns, search.problem, "architectures evaluated")
    reasons = [why for one in evaluations for why in one.failures.values()]
    because = f"; the first failure: {reasons[0]}" if reasons else ""
    raise SearchError(
        f"{search.problem}: none of the {len(evaluations)} architectures evaluated has a finite score{because}"
    )


def _written(one: Evaluation) -> list[object]:
    proposal = [one.proposal.architecture, one.proposal.key, one.proposal.parent]
    proxies = dict(zip(one.proxies, packed(one.proxies.values()), strict=True))
    return [
        proposal,
        packed([one.score])[0],
        packed(one.values),
        one.met,
        proxies,
        dict(one.failures),
        one.measured,
        one.cached,
        one.seconds,
    ]


def _read(written: list[Any]) -> Evaluation:
    proposal, score, values, met, proxies, failures, measured, cached, seconds = written
    return Evaluation(
        Proposal(*proposal),
        float(score),
        tuple(unpacked(values)),
        bool(met),
        MappingProxyType({name: float(value) for name, value in proxies.items()}),
        MappingProxyType(dict(failures)),
        bool(measured),
        bool(cached),
        float(seconds),
    )
