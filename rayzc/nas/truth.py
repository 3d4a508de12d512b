"""How good a network really is, where a table knows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rayzc.nas.scores import TableScores
from rayzc.nas.table_domain import candidate_rows
from rayzc.problems import Problem

__all__ = ["Standing", "Truth"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A network among others, by its true accuracy.

    Attributes:
        accuracy: as the table has it; larger is better.
        rank: 1 for the best of the candidates: one more than there are with a greater accuracy.
        candidates: how many architectures it is compared with, itself among them: the rows of the table that the
            search could choose from, having all the proxies it needs.
        regret: how much better the best candidate is.
        rank_of_all: the rank among all rows of the table, also those without proxies.
        all: how many rows that is.
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

    def __init__(self, problem: Problem, proxies: Iterable[str] | None = None) -> None:
        """Takes the rows with all of these proxies for candidates; by default all rows.

        Raises:
            SearchError: the table lacks a proxy, or no row has all of them.
        """
        self.problem = problem
        self.rows = candidate_rows(problem, proxies or ())
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
