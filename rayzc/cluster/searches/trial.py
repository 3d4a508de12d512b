"""The trial of Ray Tune that runs one whole search."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray import tune

from rayzc.cluster.searches.work import Work
from rayzc.errors import RayzcError, SearchError
from rayzc.nas import Results, Search, SearchProblem, advance, begin, compared, outcome_of

__all__ = ["RESULTS_FILE", "SEARCH_FILE", "TIME_LIMIT", "SearchTrial"]

SEARCH_FILE = "search.json"
RESULTS_FILE = "results.json"
TIME_LIMIT = "time limit"

# Tune takes some ten milliseconds for every step and a file for every checkpoint, so a step is many batches.
_STEP_SECONDS = 2.0


class SearchTrial(tune.Trainable):
    """A search, batch by batch. Its checkpoint is the search as JSON, and at the end what it came to.

    A mistake that no repetition mends ends the trial with the message among its results; whatever else happens is
    Tune's to retry, from the last checkpoint.
    """

    _problem: SearchProblem
    _search: Search | None
    _results: Results | None

    def setup(self, config: dict[str, Any], work: Work) -> None:  # type: ignore[override]  # as Tune has it
        """Takes on the first search; ``config["trial"]`` is its problem and seed."""
        self._work = work
        self._take_on(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes on another search in the same process."""
        self._take_on(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Advances for some seconds, or to the end."""
        begun = time.monotonic()
        try:
            search = self._search or self._begun()
            while not search.ended and time.monotonic() - begun < _STEP_SECONDS:
                if self._work.out_of_time and search.evaluations:  # one batch is always evaluated
                    search = replace(search, ended=TIME_LIMIT)
                else:
                    search = advance(search, self._problem.domain, self._problem.source)
                    self._search = search
            self._search = search
            if search.ended:
                self._results = self._concluded(search)
        except RayzcError as error:
            self._results = Results((), failures={self._name: str(error)})
        return self._told()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Writes the search, and its results once it is over."""
        if self._search is not None:
            Path(checkpoint_dir, SEARCH_FILE).write_text(self._search.to_json(), encoding="utf-8")
        if self._results is not None:
            Path(checkpoint_dir, RESULTS_FILE).write_text(self._results.to_json(), encoding="utf-8")

    def load_checkpoint(self, checkpoint: str) -> None:  # type: ignore[override]
        """Goes on from what :meth:`save_checkpoint` wrote."""
        path = Path(checkpoint, SEARCH_FILE)
        if path.exists():
            self._search = Search.from_json(path.read_bytes())

    def _take_on(self, config: dict[str, Any]) -> None:
        name, seed = config["trial"]
        self._problem_name, self._seed = str(name), int(seed)
        self._name = f"{self._problem_name}, seed {self._seed}"
        self._results = None
        self._search = None
        self._problem = self._work.problem(self._problem_name)
        started = (self._work.started or {}).get((self._problem_name, self._seed))
        if started is not None:
            self._search = Search.from_json(started)

    def _begun(self) -> Search:
        plan = self._work.plan_of(self._seed)
        return begin(plan, self._problem_name, self._problem.domain, self._problem.source)

    def _concluded(self, search: Search) -> Results:
        if search.ended == TIME_LIMIT and not search.evaluations:
            raise SearchError("the time limit came before its first architecture")
        outcome = outcome_of(search, self._problem.domain.space, self._problem.truth)
        return Results((outcome,), () if search.ended == TIME_LIMIT else compared(self._problem, search.plan))

    def _told(self) -> dict[str, Any]:
        search = self._search
        best = search.best if search else None
        truth = self._problem.truth
        standing = truth.standing(best.architecture) if best and truth else None
        return {
            "evaluated": len(search.evaluations) if search else 0,
            "measured": search.measured if search else 0,
            "cache_hits": search.cache_hits if search else 0,
            "score": best.score if best else None,
            "architecture": best.architecture if best else None,
            "accuracy": standing.accuracy if standing else None,
            "done": self._results is not None,
        }
