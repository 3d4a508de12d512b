"""Fitness: how well a formula ranks the architectures of every problem, computed once per ranking.

Only ranks count. Two formulas that order all architectures alike have one fitness, so a judge keeps the fitness of
every ranking it has seen, by a hash of the ranking, and of every formula, by its tokens.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.correlations import CORRELATIONS, Correlation
from rayzc.evolution.evaluation import Evaluator
from rayzc.evolution.gains import TopGain
from rayzc.evolution.ranking import Ranking
from rayzc.evolution.tables import Tables
from rayzc.formula import Tokens
from rayzc.options.breeding import TOP_OBJECTIVES, Settings

__all__ = ["MEMORY", "Judge", "Verdict"]

MEMORY = 200_000
"""Formulas, and rankings, that a judge remembers unless it is told otherwise."""

Key = TypeVar("Key")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fitness of a formula.

    Attributes:
        correlations: rank correlation with the accuracy on each problem, ``(problems,)``, read-only.
        ranking: hash of the ranking; formulas that rank alike share it.
        ties: the largest share of a problem's pairs that the formula ties, without the pairs that no proxy tells apart.
        top: how good the top is on each problem, ``(problems,)``, read-only; None where nobody asked.
    """

    correlations: NDArray[np.float64]
    ranking: int
    ties: float
    top: NDArray[np.float64] | None = None


class Judge:
    """Judges formulas on a table, and remembers their fitness, which changes no result.

    Args:
        tables: what to judge on.
        correlation: the rank correlation, a name in :data:`rayzc.evolution.CORRELATIONS`.
        max_ties: share of a problem's pairs that a formula may tie; a formula that ties more comes last.
        memory: number of formulas, and of rankings, that are remembered.
        top: whether to find out how good the top of a ranking is, see :class:`rayzc.evolution.gains.TopGain`.

    Attributes:
        proxies: names of the proxies it knows.
        max_ties: share of a problem's pairs that a formula may tie.
        scored: rankings whose correlations were computed.
        known: formulas that had been judged before, themselves or by their ranking.
    """

    def __init__(
        self,
        tables: Tables,
        correlation: str = "kendall",
        max_ties: float = 1.0,
        memory: int = MEMORY,
        top: bool = False,
    ) -> None:
        self.proxies = tables.proxies
        self.max_ties = max_ties
        self.scored = 0
        self.known = 0
        self._evaluate = Evaluator(tables.proxies, tables.scores)
        self._ranking = Ranking(tables.offsets)
        self._unavoidable = tables.indistinguishable()
        self._correlation: Correlation = CORRELATIONS[correlation](tables)
        self._formulas: OrderedDict[Tokens, Verdict] = OrderedDict()
        self._rankings: OrderedDict[int, Verdict] = OrderedDict()
        self._memory = memory
        self._top = TopGain(tables) if top else None

    @classmethod
    def of(cls, tables: Tables, settings: Settings, memory: int = MEMORY) -> "Judge":
        """The judge that breeding with some settings needs."""
        top = settings.objective in TOP_OBJECTIVES
        return cls(tables, settings.correlation, settings.max_ties, memory, top)

    def __call__(self, tokens: Tokens) -> Verdict:
        """Judges one formula, given as tokens in prefix order."""
        verdict = self._formulas.get(tokens)
        if verdict is not None:
            self.known += 1
            return verdict
        self._ranking.sort(self._evaluate(tokens))
        digest = self._ranking.digest()
        verdict = self._rankings.get(digest)
        if verdict is None:
            correlations = self._correlation(self._ranking)
            correlations.flags.writeable = False
            top = None if self._top is None else self._top(self._ranking)
            verdict = Verdict(correlations, digest, self._ranking.ties(self._unavoidable), top)
            self.scored += 1
            _remember(self._rankings, digest, verdict, self._memory)
        else:
            self.known += 1
        _remember(self._formulas, tokens, verdict, self._memory)
        return verdict


def _remember(known: OrderedDict[Key, Answer], key: Key, answer: Answer, room: int) -> None:
    """Adds an answer that is not known yet; the oldest is forgotten where `room` is full."""
    if len(known) >= room:
        # In a plain dict, finding the first key passes over all keys that were deleted before it.
        known.popitem(last=False)
    known[key] = answer
