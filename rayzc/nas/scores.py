"""Where scores come from: a table, measurement, or a table and measurement of what it lacks."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rayzc.errors import SearchError, nearest
from rayzc.nas.domain import network_key
from rayzc.problems import Problem

__all__ = ["Measure", "MixedScores", "ScoreSource", "Scored", "TableScores", "Wanted", "require_proxies"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for.

    Attributes:
        architecture: the encoding.
        proxies: the proxies to score it by.
    """

    architecture: str
    proxies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """What is known of an architecture.

    Attributes:
        scores: by proxy.
        failures: why a proxy that was asked for has no score.
        measured: whether something had to be measured for it now; neither a table nor a cache had all.
        cached: whether something came from a cache of earlier measurements.
        seconds: how long measuring took.
    """

    scores: Mapping[str, float]
    failures: Mapping[str, str] = field(default_factory=dict)
    measured: bool = False
    cached: bool = False
    seconds: float = 0.0


Measure = Callable[[Sequence[Wanted]], Iterable[Scored]]
"""Measures networks; the answers in the order of the questions, whichever was measured first."""


class ScoreSource(Protocol):
    """Scores architectures of one problem by proxies."""

    @property
    def proxies(self) -> frozenset[str]:
        """What it can give, for some architectures at least."""
        ...

    def scores(self, wanted: Sequence[Wanted]) -> list[Scored]:
        """The scores of each architecture, in the order of the questions."""
        ...


class TableScores:
    """The scores that a table lists.

    A network's score by a proxy is that of the row with this encoding; where it has none, that of the first row with
    the same network (equal :attr:`~rayzc.problems.Problem.groups`) that has one.

    Attributes:
        problem: the table.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._rows = {one: row for row, one in reversed(list(enumerate(problem.architectures)))}
        self._group: dict[int, list[int]] = {}
        for row, group in enumerate(problem.groups.tolist()):
            self._group.setdefault(group, []).append(row)
        self._key = network_key(problem.space)
        self._row_of_key: dict[str, int] | None = None

    def __reduce__(self) -> tuple[type["TableScores"], tuple[Problem]]:
        """Pickles the table alone."""
        return type(self), (self.problem,)

    @property
    def proxies(self) -> frozenset[str]:
        """The proxies that the table has for at least one architecture."""
        return self.problem.has

    def scores(self, wanted: Sequence[Wanted]) -> list[Scored]:
        """What the table has; a failure for what it lacks."""
        return [self._scored(one) for one in wanted]

    def rows_of(self, architecture: str) -> list[int]:
        """The rows of a network: that of this very encoding first; none if the table does not list it."""
        row = self._rows.get(architecture)
        if row is None:
            if self._row_of_key is None:
                rows = reversed(list(enumerate(self.problem.architectures)))
                self._row_of_key = {self._key(one): number for number, one in rows}
            row = self._row_of_key.get(self._key(architecture))
        if row is None:
            return []
        return [row, *(other for other in self._group[int(self.problem.groups[row])] if other != row)]

    def _scored(self, wanted: Wanted) -> Scored:
        rows = self.rows_of(wanted.architecture)
        scores: dict[str, float] = {}
        failures: dict[str, str] = {}
        for proxy in wanted.proxies:
            column = self.problem.proxies.index(proxy) if proxy in self.problem.proxies else None
            found: list[float] = [] if column is None else self.problem.scores[rows, column].tolist()
            known = [score for score in found if not math.isnan(score)]
            if known:
                scores[proxy] = known[0]
            else:
                where = f"no score by {proxy} for it" if rows else "no such architecture"
                failures[proxy] = f"the table of {self.problem.name} has {where}"
        return Scored(scores, failures)


class MixedScores:
    """A table's scores, and measurements of what the table lacks, proxy by proxy.

    Attributes:
        table: what is known; None to measure everything.
        measurable: the proxies that can be measured.
    """

    def __init__(self, table: TableScores | None, measure: Measure, measurable: Iterable[str]) -> None:
        self.table, self.measurable = table, frozenset(measurable)
        self._measure = measure

    @property
    def proxies(self) -> frozenset[str]:
        """What the table has or can be measured."""
        return self.measurable | (self.table.proxies if self.table else frozenset())

    def scores(self, wanted: Sequence[Wanted]) -> list[Scored]:
        """Scores from the table first; one call measures all that it lacks.

        Raises:
            SearchError: measurement gave more or fewer answers than were asked for.
        """
        answers = self.table.scores(wanted) if self.table else [Scored({}) for _ in wanted]
        lacking: dict[int, Wanted] = {}
        for place, (one, known) in enumerate(zip(wanted, answers, strict=True)):
            names = tuple(p for p in one.proxies if p not in known.scores and p in self.measurable)
            if names:
                lacking[place] = Wanted(one.architecture, names)
        if not lacking:
            return answers
        measured = list(self._measure(list(lacking.values())))
        if len(measured) != len(lacking):
            raise SearchError(f"measured {len(measured)} architectures where {len(lacking)} were asked for")
        for place, new in zip(lacking, measured, strict=True):
            answers[place] = _joined(answers[place], lacking[place].proxies, new)
        return answers


def require_proxies(source: ScoreSource, proxies: Iterable[str], problem: str, needed_by: str) -> None:
    """Checks that a source can give these proxies.

    Args:
        source: the source.
        proxies: what is needed.
        problem: name of the problem, for the message.
        needed_by: what needs them, for the message: ``the formula``.

    Raises:
        SearchError: it cannot give one of them.
    """
    for proxy in proxies:
        if proxy not in source.proxies:
            raise SearchError(
                f"{problem}: {needed_by} needs proxy '{proxy}', which neither the table nor measurement can give; "
                f"{nearest(proxy, sorted(source.proxies))}"
            )


def _joined(known: Scored, asked: tuple[str, ...], new: Scored) -> Scored:
    scores = {**known.scores, **{name: new.scores[name] for name in asked if name in new.scores}}
    failures = {name: why for name, why in known.failures.items() if name not in asked}
    for name in asked:
        if name not in new.scores:
            failures[name] = new.failures.get(name, "it was not measured, and no reason was given")
    return Scored(scores, failures, new.measured, new.cached, new.seconds)
