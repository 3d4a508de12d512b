"""The progress of searches, and its reporter while Tune runs them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ray import tune

from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.measuring import MeasuringPool, Statistics
from rayzc.cluster.searches.trial import Trial, trial_of
from rayzc.errors import ClusterError

__all__ = ["ProblemProgress", "ProgressReporter", "SearchProgress", "Stop"]

_INTERVAL = 0.5
_SECONDS_TO_BEGIN = 60.0


@dataclass(frozen=True)
class ProblemProgress:
    """The searches of one problem, over all seeds.

    Attributes:
        problem: its name.
        evaluated: architectures evaluated.
        budget: how many may be evaluated.
        score: the best score by the formula; None before the first.
        accuracy: true accuracy of the architecture that has it; None where no table knows.
        cache_hits: networks whose scores came from the cache.
        per_second: architectures evaluated per second, since the run began or was resumed.
        ended: how many searches have ended.
        searches: how many searches there are.
    """

    problem: str
    evaluated: int
    budget: int
    score: float | None
    accuracy: float | None
    cache_hits: int
    per_second: float
    ended: int
    searches: int


@dataclass(frozen=True)
class SearchProgress:
    """The state of a run of searches at one moment.

    Attributes:
        seconds: since the run began, including those before a resume.
        seconds_left: to the time limit; None without a limit.
        problems: the searches of each problem.
        pool: what the measuring pool has done; None where nothing is measured.
    """

    seconds: float
    seconds_left: float | None
    problems: tuple[ProblemProgress, ...]
    pool: Statistics | None


class ProgressReporter(tune.Callback):
    """Collects what every trial reports of every step, and reports the progress of all of them twice a second.

    Args:
        trials: problem and seed of every search.
        budget: of each search.
        known: what searches had reported in earlier attempts, by trial.
        begun: when the run began, on the monotonic clock, moved back by the seconds before a resume.
        time_limit: seconds.
        pool: the measuring pool.
        listen: called with the progress.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        budget: int,
        known: Mapping[Trial, Mapping[str, Any]],
        begun: float,
        time_limit: float | None,
        pool: MeasuringPool | None,
        listen: Callable[[SearchProgress], None] | None,
    ) -> None:
        self._trials, self._budget, self._reports = tuple(trials), budget, dict(known)
        self._before = {trial: int(report["evaluated"]) for trial, report in known.items()}
        self._begun, self._time_limit, self._pool, self._listen = begun, time_limit, pool, listen
        self._since, self._last = time.monotonic(), 0.0

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Tune calls this after each step of a trial."""
        self._reports[trial_of(trial.config)] = result

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Tune calls this often."""
        self.report()

    def report(self, always: bool = False) -> None:
        """Reports the progress of all searches if half a second has passed, or in any case."""
        now = time.monotonic()
        if self._listen and (always or now - self._last >= _INTERVAL):
            self._last = now
            self._listen(self._progress(now))

    def all_begun(self) -> bool:
        """Whether every search has evaluated an architecture, or has ended."""
        reports = [self._reports.get(trial, {}) for trial in self._trials]
        return all(report.get("evaluated") or report.get("done") for report in reports)

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles callbacks into its own files; the listener belongs to this process."""
        return {}

    def _progress(self, now: float) -> SearchProgress:
        statistics = None
        if self._pool:
            try:
                statistics = self._pool.statistics()
            except ClusterError:  # closed already, at the very end
                statistics = None
        seconds = now - self._begun
        left = None if self._time_limit is None else max(0.0, self._time_limit - seconds)
        names = dict.fromkeys(name for name, _ in self._trials)
        return SearchProgress(seconds, left, tuple(self._row(name, now) for name in names), statistics)

    def _row(self, name: str, now: float) -> ProblemProgress:
        trials = [trial for trial in self._trials if trial[0] == name]
        reports = [self._reports[trial] for trial in trials if trial in self._reports]
        scored = [report for report in reports if report.get("score") is not None]
        best = max(scored, key=lambda report: float(report["score"])) if scored else None
        evaluated = sum(int(report["evaluated"]) for report in reports)
        before = sum(self._before.get(trial, 0) for trial in trials)
        return ProblemProgress(
            problem=name,
            evaluated=evaluated,
            budget=self._budget * len(trials),
            score=float(best["score"]) if best else None,
            accuracy=best["accuracy"] if best else None,
            cache_hits=sum(int(report["cache_hits"]) for report in reports),
            per_second=(evaluated - before) / max(now - self._since, 1e-9),
            ended=sum(bool(report["done"]) for report in reports),
            searches=len(trials),
        )


class Stop(tune.Stopper):
    """Stops all searches once a signal has come, or when they overrun their time limit, as where a worker hangs.

    Args:
        interrupts: receives the signals.
        deadline: when they have to have ended, in seconds on the monotonic clock; None for never.
        all_begun: whether every search has found something: a short limit leaves time for that, up to a minute.

    Attributes:
        overrun: whether they were stopped since they overran their limit.
    """

    def __init__(
        self,
        interrupts: Interrupts,
        deadline: float | None = None,
        all_begun: Callable[[], bool] = lambda: True,
    ) -> None:
        self._interrupts: Interrupts | None = interrupts
        self._deadline = deadline
        self._all_begun = all_begun
        self._latest = time.monotonic() + _SECONDS_TO_BEGIN
        self.overrun = False

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Never stops a single search."""
        return False

    def stop_all(self) -> bool:
        """Whether a signal has come, or the time is over."""
        if self._interrupts is None or self._interrupts.received is not None:
            return self._interrupts is not None
        now = time.monotonic()
        late = self._deadline is not None and now > self._deadline
        self.overrun = late and (now > self._latest or self._all_begun())
        return self.overrun

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles stoppers into its own files; the signals belong to this process."""
        return {"_interrupts": None}
