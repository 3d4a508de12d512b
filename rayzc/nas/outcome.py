"""What a search found: the architecture, a shortlist to train, and how good they truly are where a table knows."""

from collections.abc import Mapping
from dataclasses import dataclass

from rayzc.nas.fronts import front_numbers
from rayzc.nas.plan import Plan
from rayzc.nas.search import Evaluation, Search, require_result
from rayzc.nas.truth import Standing, Truth
from rayzc.spaces import SPACES

__all__ = ["SHORTLIST", "Finding", "Outcome", "Step", "outcome_of", "shortlisted"]

SHORTLIST = 10
"""How many architectures a shortlist has at most."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An architecture that a search found.

    Attributes:
        encoding: as the suite writes it; ``rayzc.build(space, encoding)`` makes a torch module of it.
        key: the canonical encoding, one text for all encodings of the network.
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


@dataclass(frozen=True, slots=True)
class Step:
    """A moment at which a search found something better.

    Attributes:
        evaluated: how many architectures were evaluated by then.
        score: the best score.
        accuracy: the true accuracy of the one that has it; None where no table knows.
    """

    evaluated: int
    score: float
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one search of one problem with one seed came to.

    Attributes:
        problem: ``space/task``.
        space: name of the search space.
        plan: what the search was asked to do.
        evaluated: how many distinct architectures were evaluated.
        ended: why it was over.
        found: the architecture with the best score.
        shortlist: up to ten distinct networks with the best scores, the best first: what one trains.
        front: with several objectives, those that no other evaluated architecture beats in all, by score; else empty.
        trajectory: whenever a better one was found.
        cache_hits: how many networks had scores from a cache.
        measured: how many networks were measured.
        measuring_seconds: how long that took, over all workers.
    """

    problem: str
    space: str
    plan: Plan
    evaluated: int
    ended: str
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
        return self.plan.seed

    @property
    def shortlist_best(self) -> Finding | None:
        """The truly best of the shortlist; None where no table knows."""
        known = [one for one in self.shortlist if one.standing is not None]
        return min(known, key=lambda one: one.standing.rank if one.standing else 0) if known else None


def shortlisted(search: Search) -> tuple[Evaluation, ...]:
    """The eligible evaluations with the best scores, the earlier of equals first."""
    eligible = [one for one in search.evaluations if one.eligible]
    return tuple(sorted(eligible, key=lambda one: -one.score)[:SHORTLIST])


def outcome_of(search: Search, space: str, truth: Truth | None = None) -> Outcome:
    """What a search that is over came to.

    Args:
        search: the search.
        space: name of the search space.
        truth: what the table knows; None for nothing.

    Raises:
        SearchError: it found nothing, see :func:`rayzc.nas.require_result`.
    """
    require_result(search)
    shortlist = tuple(_finding(one, space, truth) for one in shortlisted(search))
    return Outcome(
        search.problem,
        space,
        search.plan,
        len(search.evaluations),
        search.ended or "",
        shortlist[0],
        shortlist,
        tuple(_finding(one, space, truth) for one in _front(search)),
        _trajectory(search, truth),
        search.cache_hits,
        search.measured,
        search.measuring_seconds,
    )


def _front(search: Search) -> list[Evaluation]:
    if not search.plan.minimise:
        return []
    eligible = [one for one in search.evaluations if one.eligible]
    fronts = front_numbers([one.values for one in eligible])
    first = [one for one, front in zip(eligible, fronts, strict=True) if front == 0]
    return sorted(first, key=lambda one: -one.score)


def _trajectory(search: Search, truth: Truth | None) -> tuple[Step, ...]:
    steps: list[Step] = []
    for number, one in enumerate(search.evaluations, start=1):
        if one.eligible and (not steps or one.score > steps[-1].score):
            standing = truth.standing(one.architecture) if truth else None
            steps.append(Step(number, one.score, standing.accuracy if standing else None))
    return tuple(steps)


def _finding(one: Evaluation, space: str, truth: Truth | None) -> Finding:
    description = drawing = ""
    if space in SPACES:
        known = SPACES[space]
        architecture = known.parse(one.architecture)
        description = known.describe(architecture)
        drawing = "\n".join(part.text() for part in known.draw(architecture))
    return Finding(
        one.architecture,
        one.proposal.key,
        description,
        drawing,
        one.score,
        dict(one.proxies),
        truth.standing(one.architecture) if truth else None,
    )
