"""The outcomes of several searches together: averages over seeds, a document, a table."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rayzc.errors import SearchError
from rayzc.nas.comparison import Comparison
from rayzc.nas.jsonable import SCHEMA_VERSION, packed, read_document
from rayzc.nas.outcome import Finding, Outcome, Step
from rayzc.nas.plan import Plan
from rayzc.nas.truth import Standing

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Average", "Results"]


@dataclass(frozen=True, slots=True)
class Average:
    """A mean over seeds, or over problems and seeds.

    Attributes:
        mean: the mean.
        deviation: standard deviation, with the number of values less one below the line; 0 for a single value.
        count: of how many values.
    """

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Average | None":
        """The average of these values; None if there are none."""
        array = np.fromiter(values, dtype=np.float64)
        if not array.size:
            return None
        deviation = float(array.std(ddof=1)) if array.size > 1 else 0.0
        return cls(float(array.mean()), deviation, array.size)


@dataclass(frozen=True, slots=True)
class Results:
    """What the searches of all problems and seeds came to.

    Attributes:
        outcomes: one for each problem and seed.
        comparisons: what else was done with the same candidates, where a table knows the truth.
        failures: why a search has no outcome, by ``problem, seed N``.
    """

    outcomes: tuple[Outcome, ...]
    comparisons: tuple[Comparison, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """Names of the problems, each once, in order."""
        return tuple(dict.fromkeys(one.problem for one in self.outcomes))

    @property
    def ways(self) -> tuple[str, ...]:
        """What the searches are compared with, see :attr:`Comparison.way`."""
        return tuple(dict.fromkeys(one.way for one in self.comparisons))

    def best(self, problem: str) -> Outcome:
        """The outcome with the best score over the seeds.

        Raises:
            SearchError: there is none of this problem.
        """
        chosen = [one for one in self.outcomes if one.problem == problem]
        if not chosen:
            raise SearchError(f"there is no outcome of a problem '{problem}'")
        return max(chosen, key=lambda one: one.found.score)

    def found(
        self, of: Callable[[Standing], float] = lambda one: one.top, problem: str | None = None
    ) -> Average | None:
        """The found architectures' average, by default of their rank in percent of the candidates.

        Args:
            of: what to average: ``lambda standing: standing.accuracy``.
            problem: over the seeds of this problem; by default over all problems and seeds.

        Returns:
            The average; None where no table knows the truth.
        """
        standings = (one.found.standing for one in self.outcomes if problem in (None, one.problem))
        return Average.of(of(one) for one in standings if one)

    def shortlist(
        self, of: Callable[[Standing], float] = lambda one: one.top, problem: str | None = None
    ) -> Average | None:
        """As :meth:`found`, of the truly best of each shortlist."""
        best = (one.shortlist_best for one in self.outcomes if problem in (None, one.problem))
        return Average.of(of(one.standing) for one in best if one and one.standing)

    def compared(
        self, way: str, of: Callable[[Comparison], float], problem: str | None = None
    ) -> Average | None:
        """The average of another way, ``lambda one: one.shortlist.top`` for instance."""
        chosen = [one for one in self.comparisons if one.way == way and problem in (None, one.problem)]
        return Average.of(of(one) for one in chosen)

    def best_proxy(self, problem: str | None = None) -> str | None:
        """The single proxy whose searches have the best shortlists: chosen in hindsight, by true accuracy.

        Args:
            problem: on this problem; by default on all, among the proxies that were compared on all.
        """
        wanted = {problem} if problem else {one.problem for one in self.comparisons}
        tops: dict[str, list[tuple[str, float]]] = {}
        for one in self.comparisons:
            if one.proxy and one.way.startswith("search by ") and one.problem in wanted:
                tops.setdefault(one.proxy, []).append((one.problem, one.shortlist.top))
        everywhere = {proxy: tops[proxy] for proxy in tops if {name for name, _ in tops[proxy]} == wanted}
        means = {proxy: float(np.mean([top for _, top in each])) for proxy, each in everywhere.items()}
        return min(means, key=means.__getitem__) if means else None

    def to_json(self) -> str:
        """All of it as a JSON document."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "kind": "search results",
            "outcomes": [_written(one) for one in self.outcomes],
            "comparisons": [asdict(one) for one in self.comparisons],
            "failures": dict(self.failures),
        }
        return json.dumps(document)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Results":
        """The results of a JSON document.

        Raises:
            SearchError: it is none, or of another version.
        """
        document = read_document(text, "search results")
        try:
            return cls(
                tuple(_read(one) for one in document["outcomes"]),
                tuple(
                    Comparison(
                        **{
                            **one,
                            "found": Standing(**one["found"]),
                            "shortlist": Standing(**one["shortlist"]),
                        }
                    )
                    for one in document["comparisons"]
                ),
                document["failures"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SearchError(f"the saved search results cannot be used: {error!r}") from None

    def to_table(self) -> "pa.Table":
        """A pyarrow Table with a row for each problem and seed, see :mod:`rayzc.nas.table`."""
        from rayzc.nas.table import results_table

        return results_table(self)


def _written(outcome: Outcome) -> dict[str, Any]:
    def finding(one: Finding) -> dict[str, Any]:
        proxies = dict(zip(one.proxies, packed(one.proxies.values()), strict=True))
        return {
            "encoding": one.encoding,
            "key": one.key,
            "description": one.description,
            "drawing": one.drawing,
            "score": one.score,
            "proxies": proxies,
            "standing": asdict(one.standing) if one.standing else None,
        }

    return {
        "problem": outcome.problem,
        "space": outcome.space,
        "plan": outcome.plan.to_document(),
        "evaluated": outcome.evaluated,
        "ended": outcome.ended,
        "found": finding(outcome.found),
        "shortlist": [finding(one) for one in outcome.shortlist],
        "front": [finding(one) for one in outcome.front],
        "trajectory": [asdict(one) for one in outcome.trajectory],
        "cache_hits": outcome.cache_hits,
        "measured": outcome.measured,
        "measuring_seconds": outcome.measuring_seconds,
    }


def _read(document: dict[str, Any]) -> Outcome:
    def finding(one: dict[str, Any]) -> Finding:
        return Finding(
            **{
                **one,
                "proxies": {name: float(value) for name, value in one["proxies"].items()},
                "standing": Standing(**one["standing"]) if one["standing"] else None,
            }
        )

    return Outcome(
        **{
            **document,
            "plan": Plan.of_document(document["plan"]),
            "found": finding(document["found"]),
            "shortlist": tuple(finding(one) for one in document["shortlist"]),
            "front": tuple(finding(one) for one in document["front"]),
            "trajectory": tuple(Step(**one) for one in document["trajectory"]),
        }
    )
