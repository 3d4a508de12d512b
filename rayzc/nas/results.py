"""What many searches found together: averages over problems and seeds, a document, a table."""

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from rayzc.documents import document_of, document_text, finite, read_record
from rayzc.ending import Ended, Ending, Reason
from rayzc.errors import SearchError
from rayzc.nas.baselines import Baseline, Comparison
from rayzc.nas.outcome import SearchOutcome
from rayzc.nas.scores import Standing
from rayzc.nas.table import results_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Average", "Results", "Sample"]

_ALL_ENDED = Ending(Reason.ALL_ENDED)
_KIND = "search results"


@dataclass(frozen=True, slots=True)
class Average:
    """A mean, and how far the values are from it.

    Attributes:
        mean: the mean.
        deviation: sample standard deviation; 0 for a single value.
        count: the number of values.
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
class Sample:
    """A number for each search, such as the rank of what it found.

    Attributes:
        values: by name of the problem and seed.
    """

    values: Mapping[tuple[str, int], float]

    def over_seeds(self, problem: str) -> Average | None:
        """The average over the seeds of a problem; None if there is no value."""
        return Average.of(value for (name, _), value in self.values.items() if name == problem)

    def over_problems(self, problems: Collection[str] | None = None) -> Average | None:
        """The mean over problems of their means over seeds; the deviation is that of the seeds' means over problems.

        Only seeds that have all problems count for the deviation, as problems differ far more than seeds do.

        Args:
            problems: names of the problems; by default all.

        Returns:
            The average; None if there is no value.
        """
        values = {key: value for key, value in self.values.items() if problems is None or key[0] in problems}
        if not values:
            return None
        names = list(dict.fromkeys(name for name, _ in values))
        seeds = list(dict.fromkeys(seed for _, seed in values))
        means = [np.mean([value for (name, _), value in values.items() if name == each]) for each in names]
        whole = [seed for seed in seeds if all((name, seed) in values for name in names)]
        spread = Average.of(float(np.mean([values[name, seed] for name in names])) for seed in whole)
        return Average(float(np.mean(means)), spread.deviation if spread else 0.0, len(whole))


@dataclass(frozen=True, slots=True)
class Results(Ended):
    """What the searches of all problems and seeds found, and how their run went.

    Attributes:
        outcomes: of each problem and seed.
        comparisons: what the baselines found among the same candidates, where a table knows the truth.
        failures: why a search has no outcome, by ``problem, seed N``.
        run: the run's folder; None for results that were put together otherwise.
        ending: how the run ended.
        seconds: how long it took, including those before a resume.
        measured: networks that were measured since it was begun or resumed.
        cached: requests for networks of which all was known already, likewise.
        workers_lost: measuring workers that died and were replaced, likewise.
        trouble: what could not be written, if anything.
    """

    outcomes: tuple[SearchOutcome, ...]
    comparisons: tuple[Comparison, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    run: Path | None = None
    ending: Ending = _ALL_ENDED
    seconds: float = 0.0
    measured: int = 0
    cached: int = 0
    workers_lost: int = 0
    trouble: str | None = None

    @property
    def results(self) -> "Results":
        """The results themselves, which were an attribute of a run's result in version 0.1."""
        warnings.warn("found.results is now found itself", DeprecationWarning, stacklevel=2)
        return self

    @property
    def problems(self) -> tuple[str, ...]:
        """Names of the problems, each once, in order."""
        return tuple(dict.fromkeys(outcome.problem for outcome in self.outcomes))

    @property
    def compared(self) -> tuple[str, ...]:
        """Names of the problems that are compared with baselines."""
        return tuple(dict.fromkeys(comparison.problem for comparison in self.comparisons))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, each once, in order."""
        return tuple(dict.fromkeys(outcome.seed for outcome in self.outcomes))

    @property
    def proxies(self) -> tuple[str, ...]:
        """The single proxies among the baselines."""
        return tuple(dict.fromkeys(each.proxy for each in self.comparisons if each.proxy))

    def of(self, problem: str) -> "Results":
        """The results of one problem."""
        return Results(
            tuple(outcome for outcome in self.outcomes if outcome.problem == problem),
            tuple(comparison for comparison in self.comparisons if comparison.problem == problem),
        )

    def best(self, problem: str) -> SearchOutcome:
        """The outcome with the best score over the seeds.

        Raises:
            SearchError: there is no outcome of this problem.
        """
        chosen = [outcome for outcome in self.outcomes if outcome.problem == problem]
        if not chosen:
            raise SearchError(f"there is no outcome for problem '{problem}'")
        return max(chosen, key=lambda outcome: outcome.found.score)

    def scores(self, problem: str) -> Average | None:
        """The average of the best scores over the seeds of a problem."""
        return Average.of(outcome.found.score for outcome in self.outcomes if outcome.problem == problem)

    def found(self, value: Callable[[Standing], float] = lambda standing: standing.top) -> Sample:
        """Where the found architectures stand, by default their ranks in percent of the candidates.

        Args:
            value: which number of a standing: ``lambda standing: standing.accuracy``.

        Returns:
            The numbers of the searches; empty where no table knows the truth.
        """
        found = {(outcome.problem, outcome.seed): outcome.found.standing for outcome in self.outcomes}
        return Sample({key: value(standing) for key, standing in found.items() if standing})

    def shortlist(self, value: Callable[[Standing], float] = lambda standing: standing.top) -> Sample:
        """As :meth:`found`, for the truly best network of each shortlist."""
        best = {(outcome.problem, outcome.seed): outcome.shortlist_best for outcome in self.outcomes}
        return Sample({key: value(each.standing) for key, each in best.items() if each and each.standing})

    def baseline(
        self,
        baseline: Baseline,
        proxy: str | None = None,
        value: Callable[[Comparison], float] = lambda comparison: comparison.shortlist.top,
    ) -> Sample:
        """What a baseline reached, by default the best ranks of its shortlists in percent of the candidates.

        Args:
            baseline: the baseline.
            proxy: its single proxy.
            value: which number of a comparison: ``lambda comparison: comparison.found.top``.
        """
        return Sample(
            {
                (comparison.problem, comparison.seed): value(comparison)
                for comparison in self.comparisons
                if (comparison.baseline, comparison.proxy) == (baseline, proxy)
            }
        )

    def best_proxy(self, problem: str | None = None) -> str | None:
        """The single proxy whose searches have the best shortlists: chosen in hindsight, by true accuracy.

        Args:
            problem: on this problem; by default on all, among the proxies that were compared on all.
        """
        problems = {problem} if problem else set(self.compared)
        means: dict[str, float] = {}
        for proxy in self.proxies:
            values = self.baseline(Baseline.PROXY_SEARCH, proxy).values
            chosen = {key: top for key, top in values.items() if key[0] in problems}
            if {name for name, _ in chosen} == problems:
                means[proxy] = float(np.mean(list(chosen.values())))
        return min(means, key=means.__getitem__) if means else None

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc search --json`` prints, and ``result.json`` holds."""
        return {
            "run": None if self.run is None else str(self.run),
            "stopped": self.stopped,
            "seconds": self.seconds,
            "measured": self.measured,
            "cached": self.cached,
            "workers_lost": self.workers_lost,
            "results": finite(document_of(_KIND, self._content())),
        }

    def to_text(self) -> str:
        """What the searches found as a JSON document, without what was special to the run."""
        return document_text(_KIND, self._content())

    def _content(self) -> dict[str, Any]:
        return {
            "outcomes": [outcome.to_document() for outcome in self.outcomes],
            "comparisons": [comparison.to_document() for comparison in self.comparisons],
            "failures": dict(self.failures),
        }

    @classmethod
    def from_text(cls, text: str | bytes, where: str | Path = "the saved search results") -> "Results":
        """Reads what :meth:`to_text` wrote.

        Args:
            text: the document.
            where: its file, for messages.

        Raises:
            SearchError: it does not hold search results, is of another version, or has a key that is unknown or
                missing.
        """
        document = read_record(text, _KIND, _Document, where, SearchError)
        return cls(
            tuple(
                SearchOutcome.from_document(outcome, f"{where}, outcomes[{place}]")
                for place, outcome in enumerate(document.outcomes)
            ),
            tuple(
                Comparison.from_document(comparison, f"{where}, comparisons[{place}]")
                for place, comparison in enumerate(document.comparisons)
            ),
            document.failures,
        )

    def to_table(self) -> "pa.Table":
        """The results as a pyarrow Table with a row for each search, see :mod:`rayzc.nas.table`."""
        proxies = {problem: self.best_proxy(problem) for problem in self.problems}
        return results_table(self.outcomes, self.comparisons, proxies)


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """Results as JSON."""

    outcomes: list[dict[str, Any]]
    comparisons: list[dict[str, Any]]
    failures: dict[str, str]
