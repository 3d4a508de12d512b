"""What is known of architectures: scores from a table or from measurement, and true accuracies from a table."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SearchError, nearest
from rayzc.measurement import Measurement, Request
from rayzc.nas.domain import network_key
from rayzc.nas.table_domain import candidate_rows
from rayzc.problems import Problem

__all__ = ["Measure", "MixedScores", "ScoreSource", "Standing", "TableScores", "Truth", "require_proxies"]

Measure = Callable[[Sequence[Request]], Sequence[Measurement]]
"""Measures networks, and returns the measurements in the order of the requests."""


class ScoreSource(Protocol):
    """Scores the architectures of one problem by proxies."""

    @property
    def proxies(self) -> frozenset[str]:
        """The proxies that it has for at least some architectures."""
        ...

    def answer(self, requests: Sequence[Request]) -> list[Measurement]:
        """Returns the scores of each architecture, in the order of the requests."""
        ...


class TableScores:
    """The scores that a table lists.

    A network's score by a proxy is that of the row with this encoding; where it has none, that of the first row with
    the same network (equal :attr:`~rayzc.problems.Problem.groups`) that has a score.

    Attributes:
        problem: the table.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._rows = {text: row for row, text in reversed(list(enumerate(problem.architectures)))}
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

    def answer(self, requests: Sequence[Request]) -> list[Measurement]:
        """Returns what the table has, and a failure for what it lacks."""
        return [self._looked_up(request) for request in requests]

    def rows_of(self, architecture: str) -> list[int]:
        """The rows of a network, that of this very encoding first; empty if the table does not list it."""
        row = self._rows.get(architecture)
        if row is None:
            if self._row_of_key is None:
                rows = reversed(list(enumerate(self.problem.architectures)))
                self._row_of_key = {self._key(text): number for number, text in rows}
            row = self._row_of_key.get(self._key(architecture))
        if row is None:
            return []
        return [row, *(other for other in self._group[int(self.problem.groups[row])] if other != row)]

    def _looked_up(self, request: Request) -> Measurement:
        rows = self.rows_of(request.encoding)
        scores: dict[str, float] = {}
        failures: dict[str, str] = {}
        for proxy in request.proxies:
            column = self.problem.proxies.index(proxy) if proxy in self.problem.proxies else None
            found: list[float] = [] if column is None else self.problem.scores[rows, column].tolist()
            known = [score for score in found if not math.isnan(score)]
            if known:
                scores[proxy] = known[0]
            else:
                what = f"no score by {proxy} for it" if rows else "no such architecture"
                failures[proxy] = f"the table of {self.problem.name} has {what}"
        return Measurement(scores, failures)


class MixedScores:
    """A table's scores, and measurements of what the table lacks, proxy by proxy.

    Args:
        table: what is known; None to measure everything.
        measure: measures networks.
        measurable: the proxies that it can measure.
    """

    def __init__(self, table: TableScores | None, measure: Measure, measurable: Iterable[str]) -> None:
        self.table, self.measurable = table, frozenset(measurable)
        self._measure = measure

    @property
    def proxies(self) -> frozenset[str]:
        """The proxies that the table has or that can be measured."""
        return self.measurable | (self.table.proxies if self.table else frozenset())

    def answer(self, requests: Sequence[Request]) -> list[Measurement]:
        """Returns scores of the table; everything that it lacks is measured at once.

        Raises:
            SearchError: there are more or fewer measurements than requests.
        """
        answers = self.table.answer(requests) if self.table else [Measurement({}) for _ in requests]
        lacking: dict[int, Request] = {}
        for place, (request, known) in enumerate(zip(requests, answers, strict=True)):
            proxies = tuple(p for p in request.proxies if p not in known.scores and p in self.measurable)
            if proxies:
                lacking[place] = replace(request, proxies=proxies)
        if not lacking:
            return answers
        measured = self._measure(list(lacking.values()))
        if len(measured) != len(lacking):
            raise SearchError(
                f"measurements were requested for {len(lacking)} architectures, but {len(measured)} were returned"
            )
        for (place, request), measurement in zip(lacking.items(), measured, strict=True):
            reasons = dict.fromkeys(request.proxies, "it was not measured, and no reason was given")
            answers[place] = answers[place].joined(Measurement({}, reasons)).joined(measurement)
        return answers


def require_proxies(source: ScoreSource, proxies: Iterable[str], problem: str, needed_by: str) -> None:
    """Checks that a source has these proxies.

    Args:
        source: the source.
        proxies: what is needed.
        problem: name of the problem, for the message.
        needed_by: what needs them, for the message: ``the formula``.

    Raises:
        SearchError: it lacks a proxy.
    """
    for proxy in proxies:
        if proxy not in source.proxies:
            raise SearchError(
                f"{problem}: {needed_by} needs proxy '{proxy}', which is neither in the table nor can be measured; "
                f"{nearest(proxy, sorted(source.proxies))}"
            )


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a network stands among others, by its true accuracy.

    Attributes:
        accuracy: as the table has it; larger is better.
        rank: 1 for the best of the candidates: 1 more than there are candidates with a greater accuracy.
        candidates: how many architectures it is compared with, itself among them: the rows of the table that the
            search could choose from, having all the proxies it needs.
        regret: how much better the best candidate is.
        rank_of_all: the rank among all rows of the table, also those without proxies.
        all: the number of all rows.
        regret_of_all: how much better the best of all rows is.
    """

    accuracy: float
    rank: int
    candidates: int
    regret: float
    rank_of_all: int
    all: int
    regret_of_all: float

    @property
    def top(self) -> float:
        """The rank in percent of the candidates: 2 means that it is within the best 2 %."""
        return 100 * self.rank / self.candidates


class Truth:
    """The true accuracies of a problem.

    Attributes:
        problem: the table.
        rows: ``(candidates,)`` the rows a network is compared with.
    """

    def __init__(self, problem: Problem, proxies: Iterable[str] = ()) -> None:
        """Takes the rows with all of these proxies for candidates; by default all rows.

        Raises:
            SearchError: the table lacks a proxy, or no row has all of them.
        """
        self.problem = problem
        self.rows = candidate_rows(problem, proxies)
        self._sorted = np.sort(problem.accuracy[self.rows])
        self._sorted_all = np.sort(problem.accuracy)
        self._table = TableScores(problem)

    def standing(self, architecture: str) -> Standing | None:
        """Where a network stands, by the row of its encoding; None if the table does not list it."""
        rows = self._table.rows_of(architecture)
        return self.standing_of_row(rows[0]) if rows else None

    def standing_of_row(self, row: int) -> Standing:
        """Where the network of a row stands."""
        accuracy = float(self.problem.accuracy[row])
        candidates, everything = self._sorted, self._sorted_all
        return Standing(
            accuracy,
            _rank(candidates, accuracy),
            len(candidates),
            max(0.0, float(candidates[-1]) - accuracy),
            _rank(everything, accuracy),
            len(everything),
            float(everything[-1]) - accuracy,
        )


def _rank(ascending: NDArray[np.float64], accuracy: float) -> int:
    return 1 + len(ascending) - int(np.searchsorted(ascending, accuracy, side="right"))
