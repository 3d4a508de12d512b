"""The trial of Ray Tune that runs one whole search, and what the trials of a run share."""

import math
import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ray import tune

from rayzc.cluster.measuring import MeasuringPool
from rayzc.cluster.searches.schedule import Schedule, Trial
from rayzc.errors import ClusterError, RayzcError, SearchError
from rayzc.measurement import Measurement, Request
from rayzc.nas.baselines import SearchProblem, comparisons, on_demand, tabulated
from rayzc.nas.outcome import outcome_of
from rayzc.nas.plan import Plan
from rayzc.nas.results import Results
from rayzc.nas.scores import Truth
from rayzc.nas.search import Search, SearchEnding, advance, begin
from rayzc.problems import Problem

__all__ = [
    "RESULTS_FILE",
    "SEARCH_FILE",
    "SearchTrial",
    "Trial",
    "Work",
    "reported",
    "trial_of",
    "trial_text",
]

SEARCH_FILE = "search.json"
RESULTS_FILE = "results.json"

# Tune takes some ten milliseconds for every step and a file for every checkpoint, so a step is many batches.
_STEP_SECONDS = 2.0


@dataclass(frozen=True, eq=False)
class Work:
    """What all searches of a run share.

    Attributes:
        plan: what each does; the seed is the trial's own.
        tables: by name of the problem.
        within_tables: whether only rows of the tables are candidates.
        measurable: proxies that can be measured.
        pool: measures; None where nothing has to be measured.
        schedule: when each has to end; None for never.
        started: searches that an earlier attempt has begun, to go on with.
    """

    plan: Plan
    tables: Mapping[str, Problem]
    within_tables: bool
    measurable: frozenset[str]
    pool: MeasuringPool | None = None
    schedule: Schedule | None = None
    started: Mapping[Trial, Search] | None = None

    def needs_measuring(self, name: str) -> bool:
        """Whether a search of this problem measures."""
        table = self.tables.get(name)
        return table is None or not self.within_tables or not set(self.plan.proxies) <= table.has

    def problem(self, name: str) -> SearchProblem:
        """The problem, ready to be searched.

        Raises:
            SearchError: a proxy that the plan needs is neither in the table nor can be measured.
        """
        table = self.tables.get(name)
        if table is not None and not self.needs_measuring(name):
            return tabulated(table, self.plan)
        pool = copy(self.pool)  # a separate client, with its own share of the workers' time

        def measure(requests: Sequence[Request]) -> Sequence[Measurement]:
            assert pool is not None, "there is a pool wherever something has to be measured"
            return pool.measure_all(requests)

        return on_demand(name, measure, self.measurable, table, within_table=self.within_tables)


class SearchTrial(tune.Trainable):
    """A search, batch by batch. Its checkpoint is the search as JSON, and at the end its results.

    An error that would repeat itself ends the trial, with its message in the results; after any other error, Tune
    retries from the last checkpoint.
    """

    _problem: SearchProblem
    _end: float
    _search: Search | None
    _results: Results | None

    def setup(self, config: dict[str, Any], work: Work) -> None:  # type: ignore[override]  # as Tune has it
        """Takes the first search; ``config["trial"]`` is its problem and seed."""
        self._work = work
        self._take(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes another search in the same process."""
        self._take(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Advances for some seconds, or to the end."""
        begun = time.monotonic()
        try:
            search = self._search or self._begun()
            while not search.ended and time.monotonic() - begun < _STEP_SECONDS:
                if (
                    time.monotonic() >= self._end and search.evaluations
                ):  # a short limit leaves time for a batch
                    search = replace(search, ended=SearchEnding.TIME_LIMIT)
                else:
                    search = advance(search, self._problem.domain, self._problem.source)
                    self._search = search
            self._search = search
            if search.ended:
                self._results = self._concluded(search)
        except ClusterError:
            raise  # of the cluster, and not of the search: Tune tries again, and so does the next attempt
        except RayzcError as error:
            self._results = Results((), failures={trial_text(self._trial): str(error)})
        return reported(self._search, self._problem.truth, self._results is not None)

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Writes the search, and its results once it has ended."""
        if self._search is not None:
            Path(checkpoint_dir, SEARCH_FILE).write_text(self._search.to_text(), encoding="utf-8")
        if self._results is not None:
            Path(checkpoint_dir, RESULTS_FILE).write_text(self._results.to_text(), encoding="utf-8")

    def load_checkpoint(self, checkpoint: str) -> None:  # type: ignore[override]
        """Goes on from what :meth:`save_checkpoint` wrote."""
        path = Path(checkpoint, SEARCH_FILE)
        if path.exists():
            self._search = Search.from_text(path.read_bytes(), path)

    def _take(self, config: dict[str, Any]) -> None:
        self._trial = name, _ = trial_of(config)
        self._results = None
        self._problem = self._work.problem(name)
        schedule = self._work.schedule
        self._end = time.monotonic() + schedule.seconds_for(self._trial) if schedule else math.inf
        self._search = (self._work.started or {}).get(self._trial)

    def _begun(self) -> Search:
        name, seed = self._trial
        plan = self._work.plan.replaced(seed=seed)
        return begin(plan, name, self._problem.domain, self._problem.source)

    def _concluded(self, search: Search) -> Results:
        late = search.ended is SearchEnding.TIME_LIMIT
        if late and not search.evaluations:
            raise SearchError("the time limit was reached before the first architecture was evaluated")
        outcome = outcome_of(search, self._problem.domain.space, self._problem.truth)
        return Results((outcome,), () if late else comparisons(self._problem, search.plan))


def reported(search: Search | None, truth: Truth | None, done: bool) -> dict[str, Any]:
    """What a trial reports of its search: numbers for the display, and for Tune's loggers."""
    best = search.best if search else None
    standing = truth.standing(best.architecture) if best and truth else None
    return {
        "evaluated": len(search.evaluations) if search else 0,
        "measured": search.measured if search else 0,
        "cache_hits": search.cache_hits if search else 0,
        "score": best.score if best else None,
        "architecture": best.architecture if best else None,
        "accuracy": standing.accuracy if standing else None,
        "done": done,
    }


def trial_of(config: Mapping[str, Any]) -> Trial:
    """The trial that a configuration of Tune's names."""
    name, seed = config["trial"]
    return str(name), int(seed)


def trial_text(trial: Trial) -> str:
    """The trial in words: ``nasbench201/cifar10, seed 0``."""
    name, seed = trial
    return f"{name}, seed {seed}"
