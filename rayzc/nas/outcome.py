"""What a search found: the architecture, a shortlist to train, and how good they truly are where a table knows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from rayzc.documents import record_of
from rayzc.errors import SearchError
from rayzc.nas.algorithms import Evaluation
from rayzc.nas.objectives import front_numbers
from rayzc.nas.plan import Plan
from rayzc.nas.scores import Standing, Truth
from rayzc.nas.search import Search, SearchEnding, require_result
from rayzc.options import PlanOptions
from rayzc.spaces import find_space

__all__ = ["SHORTLIST", "Finding", "SearchOutcome", "Step", "outcome_of", "shortlisted"]

SHORTLIST = 10
"""How many architectures a shortlist has at most."""


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An architecture that a search found.

    Attributes:
        encoding: as the suite writes it; ``rayzc.build(space, encoding)`` makes a torch module of it.
        key: the canonical encoding, the same text for all encodings of the network.
        description: the architecture on a line, in its benchmark's words; empty where the space is unknown.
        drawing: its cells as Unicode text; empty where the space is unknown.
        score: by the formula.
        proxies: its scores by proxy.
        standing: how good it truly is; None where no table knows.
    """

    encoding: str
    key: str
    description: str
    drawing: str
    score: float
    proxies: Mapping[str, float]
    standing: Standing | None = None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A moment at which a search found something better.

    Attributes:
        evaluated: how many architectures were evaluated by then.
        score: the best score.
        accuracy: true accuracy of the architecture that has it; None where no table knows.
    """

    evaluated: int
    score: float
    accuracy: float | None


class SearchOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one search, of one problem with one seed, found.

    Attributes:
        problem: ``space/task``.
        space: name of the search space.
        plan: what the search was asked to do.
        evaluated: how many distinct architectures were evaluated.
        ended: why it ended; of an interrupted search this is what it had found by then.
        found: the architecture with the best score.
        shortlist: up to ten distinct networks with the best scores, the best first: the networks to train.
        front: with several objectives, those that no other evaluated architecture beats in all, by score; else empty.
        trajectory: the moments at which it found something better.
        cache_hits: how many networks had scores from a cache.
        measured: how many networks were measured.
        measuring_seconds: how long that took, over all workers.
    """

    problem: str
    space: str
    plan: Plan
    evaluated: int
    ended: SearchEnding
    found: Finding
    shortlist: tuple[Finding, ...]
    front: tuple[Finding, ...]
    trajectory: tuple[Step, ...]
    cache_hits: int = 0
    measured: int = 0
    measuring_seconds: float = 0.0

    @property
    def seed(self) -> int:
        """The seed of the search."""
        return self.plan.options.seed

    @property
    def shortlist_best(self) -> Finding | None:
        """The truly best network of the shortlist; None where no table knows."""
        known = [(found.standing.rank, found) for found in self.shortlist if found.standing is not None]
        return min(known, key=lambda ranked: ranked[0])[1] if known else None

    def to_document(self) -> dict[str, Any]:
        """The outcome as JSON knows it, but for nan and infinities."""
        return {**msgspec.structs.asdict(self), "plan": self.plan.options.to_document()}

    @classmethod
    def from_document(cls, document: Any, where: str | Path) -> "SearchOutcome":
        """Reads what :meth:`to_document` wrote.

        Raises:
            SearchError: a key is unknown or missing, or a value cannot be used; names the key.
        """
        if isinstance(document, dict) and isinstance(document.get("plan"), dict):
            options = PlanOptions.from_document(document["plan"], f"{where}, plan", SearchError)
            document = {**document, "plan": Plan.of(options)}
        return record_of(document, cls, where, SearchError)


def shortlisted(search: Search) -> tuple[Evaluation, ...]:
    """The eligible evaluations with the best scores, the earlier of equals first."""
    eligible = [evaluation for evaluation in search.evaluations if evaluation.eligible]
    return tuple(sorted(eligible, key=lambda evaluation: -evaluation.score)[:SHORTLIST])


def outcome_of(search: Search, space: str, truth: Truth | None = None) -> SearchOutcome:
    """What a search has found.

    Args:
        search: the search; if it has not ended, it counts as interrupted.
        space: name of the search space.
        truth: what the table knows; None for nothing.

    Raises:
        SearchError: it found nothing, see :func:`rayzc.nas.require_result`.
    """
    require_result(search)
    shortlist = tuple(_finding(evaluation, space, truth) for evaluation in shortlisted(search))
    return SearchOutcome(
        search.problem,
        space,
        search.plan,
        len(search.evaluations),
        search.ended or SearchEnding.INTERRUPTED,
        shortlist[0],
        shortlist,
        tuple(_finding(evaluation, space, truth) for evaluation in _front(search)),
        _trajectory(search, truth),
        search.cache_hits,
        search.measured,
        search.measuring_seconds,
    )


def _front(search: Search) -> list[Evaluation]:
    if not search.plan.minimise:
        return []
    eligible = [evaluation for evaluation in search.evaluations if evaluation.eligible]
    fronts = front_numbers([evaluation.values for evaluation in eligible])
    first = [evaluation for evaluation, front in zip(eligible, fronts, strict=True) if front == 0]
    return sorted(first, key=lambda evaluation: -evaluation.score)


def _trajectory(search: Search, truth: Truth | None) -> tuple[Step, ...]:
    steps: list[Step] = []
    for number, evaluation in enumerate(search.evaluations, start=1):
        if evaluation.eligible and (not steps or evaluation.score > steps[-1].score):
            standing = truth.standing(evaluation.architecture) if truth else None
            steps.append(Step(number, evaluation.score, standing.accuracy if standing else None))
    return tuple(steps)


def _finding(evaluation: Evaluation, space: str, truth: Truth | None) -> Finding:
    description = drawing = ""
    known = find_space(space)
    if known is not None:
        architecture = known.parse(evaluation.architecture)
        description = known.describe(architecture)
        drawing = "\n".join(part.text() for part in known.draw(architecture))
    return Finding(
        evaluation.architecture,
        evaluation.proposal.key,
        description,
        drawing,
        evaluation.score,
        dict(evaluation.measurement.scores),
        truth.standing(evaluation.architecture) if truth else None,
    )
