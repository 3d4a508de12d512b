"""Discoveries under way: advanced side by side on the same workers, each in its own folder, each to its own end."""

import math
import signal
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import ray.exceptions

from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.islands.archipelago import Archipelago
from rayzc.cluster.islands.files import RunFiles
from rayzc.cluster.islands.folds import Folds
from rayzc.cluster.islands.progress import Progress, ProgressTracker
from rayzc.cluster.islands.workers import IslandWorkers
from rayzc.cluster.readiness import SECONDS_TO_START
from rayzc.evolution import Island, Tables
from rayzc.evolution.assessment import assess
from rayzc.evolution.choosing import cross_validated
from rayzc.formula import Formula
from rayzc.problems import Suite
from rayzc.runs import DiscoverConfig, Discovery, Ending, HallOfFame, WrittenIsland
from rayzc.version import __version__

__all__ = ["DiscoveryRun", "breed"]

_CHECKPOINT_SECONDS = 5.0
# The largest shares of its time that the driver spends on checkpoints, and on showing its progress.
_CHECKPOINT_SHARE = 0.05
_LISTENING_SHARE = 0.05
_GROWTH_SECONDS = 5.0
_WAIT_SECONDS = 0.25


class DiscoveryRun:
    """A discovery from its start, or from a checkpoint, to its end. Its clock starts when it is made.

    Args:
        files: writes to its folder.
        config: its configuration.
        fitting: the problems that formulas are bred on.
        validation: the networks that are held out; None if none are.
        folds: the folds of its cross-validation; none for none.
        islands: where to go on from, those of the folds after the others; None for the start.
        before: seconds that it took before it was resumed.
        improved: the epoch in which its best formula was found; None if that is not known.
        clock: seconds on a clock that only goes forward.

    Attributes:
        result: what it found; None before its end, or if a signal came before the end of its first epoch.
        ended: whether it has ended.
    """

    def __init__(
        self,
        files: RunFiles,
        config: DiscoverConfig,
        fitting: Suite,
        validation: Suite | None,
        folds: Folds | None = None,
        islands: Sequence[Island] | None = None,
        before: float = 0.0,
        improved: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.result: Discovery | None = None
        self.ended = False
        self._files, self._config = files, config
        self._fitting, self._validation = fitting, validation
        self._tables = Tables.of(fitting)
        self._folds = folds or Folds()
        self._tracker = ProgressTracker(config.limits, before, clock, self._folds.islands)
        self._clock = clock
        self._start, self._improved = islands, improved
        self._archipelago: Archipelago | None = None
        self._kept = -1  # epoch of the newest checkpoint
        self._next_checkpoint = 0.0
        self._lost = self._recoveries = 0

    @property
    def archipelago(self) -> Archipelago:
        """Its islands; only once it has begun."""
        assert self._archipelago is not None
        return self._archipelago

    @property
    def spent(self) -> float:
        """Seconds that workers have computed for it, with an estimate for what they are at."""
        return self._tracker.computed + self._tracker.seconds_per_step * self.archipelago.steps_pending

    @property
    def computed(self) -> float:
        """Seconds that workers have computed for it in steps that have ended."""
        return self._tracker.computed

    @property
    def progress(self) -> Progress:
        """Its state at this moment."""
        progress = self._tracker.progress(self.archipelago)
        return replace(progress, transfer=self._folds.transfer(self._tracker.fold_fronts))

    def begin(self, workers: IslandWorkers) -> None:
        """Makes its islands, or takes them from the checkpoint.

        Args:
            workers: who computes.
        """
        self._files.record("started", rayzc=__version__, problems=len(self._tables.problems))
        groups = [(self._tables, self._config.settings), *self._folds.groups]
        self._archipelago = Archipelago(groups, workers, self._start)
        if self._start:
            self._tracker.restored(self._start, self._improved)
        self._kept = self._archipelago.epoch

    def close(self) -> None:
        """Drops the steps that workers have not finished."""
        if self._archipelago is not None:
            self._archipelago.close()

    def advance(self, ready: Collection[object], waited: float, interrupted: signal.Signals | None) -> None:
        """Collects finished steps, writes a checkpoint when one is due, and ends the discovery if a limit is met.

        Args:
            ready: references that are there, or lost.
            waited: seconds that the driver waited for them.
            interrupted: a signal that ends it; None if none came.

        Raises:
            ClusterError: the same step killed four workers.
            RunError: a step failed, for example in the user's objective.
        """
        archipelago, tracker = self.archipelago, self._tracker
        tracker.waited(waited)
        for report in archipelago.collect(ready):
            tracker.add(report)
        self._record_losses()
        stop = tracker.stop(archipelago.epoch)
        if interrupted is not None:
            if archipelago.epoch < 0:
                self.ended = True
                return
            stop = (archipelago.epoch, Ending.interrupted_by(interrupted))
        # As soon as all islands have reached another epoch, but not many times a second.
        due = archipelago.epoch > self._kept and self._clock() >= self._next_checkpoint
        if not (stop or due):
            return
        begun = self._clock()
        try:
            islands = archipelago.keep(stop[0] if stop else archipelago.epoch)
        except ray.exceptions.RayError:
            archipelago.recover()
            return
        self._save(islands)
        now = self._clock()
        self._next_checkpoint = now + max(_CHECKPOINT_SECONDS, (now - begun) / _CHECKPOINT_SHARE)
        if stop:
            self.ended = True
            self.result = self._concluded(archipelago.islands(stop[0]), stop[1])
            self.close()

    def warn(self, text: str) -> None:
        """Warns whoever watches the run."""
        self._files.warn(text)

    def hand_out(self) -> Iterator[int]:
        """Hands out epochs of islands until every worker has enough; yields after each."""
        return self.archipelago.hand_out(self._config.limits.epochs)

    def _record_losses(self) -> None:
        archipelago = self.archipelago
        if archipelago.workers_lost > self._lost:
            self._lost = archipelago.workers_lost
            self._files.record("worker lost and replaced", lost=self._lost, epoch=archipelago.epoch)
        if archipelago.recoveries > self._recoveries:
            self._recoveries = archipelago.recoveries
            self._files.record("islands lost, back to those kept last", epoch=archipelago.epoch)

    def _save(self, islands: Sequence[WrittenIsland]) -> None:
        self._kept = islands[0].epoch
        tracker = self._tracker
        if not self._files.write_checkpoint(islands, tracker.seconds, tracker.improved(self._kept)):
            return
        own = islands[: self._config.settings.number_of_islands]
        bests = [island.best if math.isfinite(island.best) else None for island in own]
        best = max(island.best for island in own)
        self._files.record(
            "checkpoint",
            epoch=islands[0].epoch,
            evaluations=sum(island.evaluations for island in islands),
            scored=tracker.scored,
            known=tracker.known,
            best=best if math.isfinite(best) else None,
            islands=bests,
        )

    def _concluded(self, islands: Sequence[Island], ending: Ending) -> Discovery:
        folder, tracker, config = self._files.folder, self._tracker, self._config
        own = config.settings.number_of_islands
        hall = HallOfFame.of(islands[:own])
        best = Formula.trusted(hall.best[0].tokens)
        checked = None
        if self._folds.folds:
            checked = cross_validated(
                hall.best[0],
                hall.front,
                self._folds.formulas(islands[own:]),
                self._folds.folds,
                self._fitting,
                self._validation,
                choose=config.choose,
            )
            best = checked.formula
        discovery = Discovery(
            run=folder.path,
            ending=ending,
            best=assess(best, self._fitting),
            held_out=assess(best, self._validation) if self._validation else None,
            hall_of_fame=hall,
            problems=config.problems,
            epochs=islands[0].epoch,
            evaluations=sum(island.evaluations for island in islands),
            scored=tracker.scored,
            known=tracker.known,
            workers_lost=self.archipelago.workers_lost,
            seconds=round(tracker.seconds, 3),
            most_evaluations=config.limits.evaluations,
            cross_validation=checked,
        )
        document = hall.to_json(config.provenance, config.problems)
        if checked is not None:
            document["cross_validation"] = checked.to_json()
        trouble = folder.write_or_say(folder.hall_of_fame, document)
        trouble = folder.write_or_say(folder.result, discovery.to_json()) or trouble
        self._files.record("stopped", why=discovery.stopped, epoch=discovery.epochs)
        return replace(discovery, trouble=trouble)


def breed(
    runs: Sequence[DiscoveryRun],
    workers: IslandWorkers,
    listen: Callable[[Sequence[DiscoveryRun]], None] | None = None,
) -> signal.Signals | None:
    """Advances discoveries until all have ended, each with an equal share of the workers' time.

    SIGINT and SIGTERM end all of them, each with the epoch that it has reached.

    Args:
        runs: the discoveries.
        workers: who computes; they are left running.
        listen: called a few times per second with those that have not ended.

    Returns:
        The signal that ended them; None if none did.

    Raises:
        ClusterError: four workers died of the same step, or hung on it.
        RunError: a step failed, for example in the user's objective.
    """
    clock = workers.backend.now
    begun: float | None = clock()  # until a worker is ready
    heard = clock()
    next_growth = next_listening = 0.0
    with Interrupts() as interrupts:
        try:
            for run in runs:
                run.begin(workers)
            while under_way := [run for run in runs if not run.ended]:
                _hand_out(under_way)
                asked = clock()
                pending = [reference for run in under_way for reference in run.archipelago.pending]
                ready = workers.wait(pending, _WAIT_SECONDS)
                waited = clock() - asked
                for run in under_way:
                    run.advance(ready, waited, interrupts.received)
                for worker in workers.overdue(clock() - heard):
                    for run in under_way:
                        if not run.ended:
                            run.archipelago.give_up(worker)
                    workers.retire(worker)
                heard = clock()
                if begun is not None and (workers.ready or heard - begun > SECONDS_TO_START):
                    if not workers.ready:
                        for run in under_way:
                            run.warn(workers.backend.waiting_for())
                    begun = None
                if clock() >= next_growth:
                    workers.fill_up()
                    next_growth = clock() + _GROWTH_SECONDS
                left = [run for run in under_way if not run.ended]
                if listen and left and (told := clock()) >= next_listening:
                    listen(left)
                    next_listening = told + (clock() - told) / _LISTENING_SHARE
            return interrupts.received
        finally:
            for run in runs:
                run.close()


def _hand_out(runs: Sequence[DiscoveryRun]) -> None:
    """Fills the workers' queues, one epoch at a time, each of the discovery with the least computing time so far."""
    offers = {run: run.hand_out() for run in runs}
    while offers:
        run = min(offers, key=lambda run: run.spent)
        if next(offers[run], None) is None:
            del offers[run]
