"""The progress of a discovery, and when it has to stop."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from rayzc.cluster.islands.archipelago import Archipelago
from rayzc.cluster.islands.workers import Report
from rayzc.evolution import Individual, Island, pareto_front
from rayzc.options import Limits
from rayzc.runs import Ending, Reason

__all__ = ["Progress", "ProgressTracker"]

_RATE_SECONDS = 10.0

Item = TypeVar("Item")
Front = tuple[Individual, ...]


@dataclass(frozen=True)
class Progress:
    """The state of a discovery at one moment.

    Attributes:
        seconds: since it began, including those before a resume.
        seconds_left: to the time limit; None where there is none.
        epoch: the epoch that all islands have reached.
        best: the best formula of that epoch, the result of a stop at this moment; None before the first epoch.
        front: the best formula of each complexity, in that epoch.
        evaluations: formulas bred and judged, up to that epoch.
        scored: rankings scored.
        known: formulas whose ranking was known.
        per_second: formulas judged per second, over the last ten seconds.
        processes: process ids of the workers that are ready.
        workers_lost: workers that died and were replaced.
        occupation: share of the time in which the driver was busy.
        transfer: by class of sizes, each named by its largest, in ascending order, the mean tau of its formulas on
            search spaces that they have not seen; empty without cross-validation.
    """

    seconds: float
    seconds_left: float | None
    epoch: int
    best: Individual | None
    front: tuple[Individual, ...]
    evaluations: int
    scored: int
    known: int
    per_second: float
    processes: tuple[int, ...]
    workers_lost: int
    occupation: float
    transfer: Mapping[int, float] = field(default_factory=dict)


class ProgressTracker:
    """Sums up the reports of all epochs, and finds out when a limit is met.

    Everything is counted by epochs of all islands: a limit is met at the same epoch, and the best formula shown is the
    result of a stop there, for all workers and all orders in which the reports arrive.

    Args:
        limits: when to stop.
        before: seconds that the run took before it was resumed.
        clock: seconds on a clock that only goes forward.
        folds: numbers of islands of the folds of a cross-validation, which come after all others. What is bred on them
            counts, but best and front are those of the others.

    Attributes:
        fold_fronts: by fold, the fronts of its islands, in that epoch.
        scored: rankings scored so far.
        known: formulas so far whose ranking was known.
        computed: seconds that workers have computed so far.
    """

    def __init__(
        self,
        limits: Limits,
        before: float,
        clock: Callable[[], float] = time.monotonic,
        folds: Sequence[int] = (),
    ) -> None:
        self.fold_fronts: list[list[Front]] = []
        self._folds = tuple(folds)
        self.scored = 0
        self.known = 0
        self.computed = 0.0
        self._steps = 0
        self._limits = limits
        self._clock = clock
        self._begin = self._clock() - before
        self._busy_since = self._clock()
        self._waited = 0.0
        self._seen: dict[int, dict[int, Report]] = {}
        self._judged_to = -1
        self._stop: tuple[int, Ending] | None = None
        self._evaluations = 0
        self._gains = [(-1, float("-inf"))]  # epochs in which the best formula became better, and how good
        self._best: Individual | None = None
        self._fronts: list[Front] = []  # those of all islands, put together when they are shown
        self._rate: list[tuple[float, int]] = [(self._clock(), 0)]

    @property
    def seconds(self) -> float:
        """Seconds since the run began, including those before a resume."""
        return self._clock() - self._begin

    @property
    def seconds_per_step(self) -> float:
        """Mean seconds that a worker computes a step; 0 before the first."""
        return self.computed / max(1, self._steps)

    def waited(self, seconds: float) -> None:
        """Adds to the seconds in which the driver waited for workers."""
        self._waited += seconds

    def restored(self, islands: Sequence[Island], improved: int | None = None) -> None:
        """Starts with the islands of a checkpoint.

        Args:
            islands: the islands.
            improved: the epoch in which their best formula was found; None where an earlier version did not note it.
        """
        epoch = islands[0].epoch
        self._judged_to = epoch
        self._evaluations = sum(island.evaluations for island in islands)
        own, *folds = self._groups(islands)
        self._best = min((island.population[0] for island in own), key=lambda best: best.order)
        self._fronts = [island.front for island in own]
        self.fold_fronts = [[island.front for island in fold] for fold in folds]
        self._gains = [(epoch if improved is None else improved, self._best.objective)]
        # A run that is resumed after it met a limit has nothing left to do.
        if reason := self._met(epoch):
            self._stop = epoch, Ending(reason)

    def improved(self, epoch: int) -> int:
        """The epoch, of those up to this one, in which the best formula was found."""
        return max((gain for gain, _ in self._gains if gain <= epoch), default=epoch)

    def add(self, report: Report) -> None:
        """Counts in an epoch of an island."""
        self.scored += report.scored
        self.known += report.known
        self.computed += report.seconds
        self._steps += 1
        self._seen.setdefault(report.epoch, {})[report.island] = report

    def stop(self, epoch: int) -> tuple[int, Ending] | None:
        """The epoch at which a limit is met, and the limit; None if none is met.

        Args:
            epoch: the epoch that all islands have reached.
        """
        while self._judged_to < epoch and self._stop is None:
            self._judged_to += 1
            # In the order of the islands, as in the result: of equals, the first is taken.
            reports = [report for _, report in sorted(self._seen.pop(self._judged_to).items())]
            self._evaluations = sum(report.evaluations for report in reports)
            own, *folds = self._groups(reports)
            self._best = min((report.best for report in own), key=lambda best: best.order)
            self._fronts = [report.front for report in own]
            self.fold_fronts = [[report.front for report in fold] for fold in folds]
            if self._best.objective > self._gains[-1][1]:
                self._gains.append((self._judged_to, self._best.objective))
            reason = self._met(self._judged_to)
            if reason:
                self._stop = self._judged_to, Ending(reason)
        if self._stop is not None:
            # Islands that were lost at this very moment are bred again first.
            return self._stop if epoch >= self._stop[0] else None
        limit = self._limits.time_limit
        if epoch >= 0 and limit is not None and self.seconds >= limit:
            return epoch, Ending(Reason.TIME_LIMIT)
        return None

    def progress(self, archipelago: Archipelago) -> Progress:
        """The discovery at this moment."""
        now = self._clock()
        self._fronts = [pareto_front([individual for front in self._fronts for individual in front])]
        self._rate.append((now, self.scored + self.known))
        while len(self._rate) > 2 and now - self._rate[0][0] > _RATE_SECONDS:
            self._rate.pop(0)
        since, judged = self._rate[0]
        limit = self._limits.time_limit
        elapsed = max(now - self._busy_since, 1e-9)
        return Progress(
            seconds=self.seconds,
            seconds_left=None if limit is None else max(0.0, limit - self.seconds),
            epoch=archipelago.epoch,
            best=self._best,
            front=self._fronts[0],
            evaluations=self._evaluations,
            scored=self.scored,
            known=self.known,
            per_second=(self.scored + self.known - judged) / max(now - since, 1e-9),
            processes=archipelago.processes,
            workers_lost=archipelago.workers_lost,
            occupation=1.0 - self._waited / elapsed,
        )

    def _groups(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        """What belongs to the islands of the run itself, then to those of each fold."""
        rest = iter(items)
        yield [*islice(rest, len(items) - sum(self._folds))]
        for size in self._folds:
            yield [*islice(rest, size)]

    def _met(self, epoch: int) -> Reason | None:
        limits = self._limits
        if limits.epochs is not None and epoch >= limits.epochs:
            return Reason.EPOCHS
        if limits.evaluations is not None and self._evaluations >= limits.evaluations:
            return Reason.EVALUATIONS
        if limits.plateau is not None and epoch - self.improved(epoch) >= limits.plateau:
            return Reason.PLATEAU
        return None
