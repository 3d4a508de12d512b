"""Discovery: a suite goes in, formulas come out, by way of islands on a cluster and a run's folder."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ray.exceptions

from rayzc.cluster.connection import connected
from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.islands.archipelago import Archipelago
from rayzc.cluster.islands.files import RunFiles
from rayzc.cluster.islands.progress import Progress, ProgressTracker
from rayzc.errors import RunError
from rayzc.evolution import Island, Judge, Settings, Tables
from rayzc.evolution.assessment import assess
from rayzc.formula import Formula
from rayzc.problems import Suite, load_suite
from rayzc.problems.parquet import write_suite
from rayzc.runs import (
    OWN_SUITE,
    Discovery,
    HallOfFame,
    Limits,
    RunConfig,
    RunFolder,
    interrupted_by,
    lasting_place,
    read_newest,
    restore,
    split,
    unused_folder,
)
from rayzc.version import __version__

__all__ = ["discover", "resume"]

Listener = Callable[[Progress], None]

_CHECKPOINT_SECONDS = 5.0
_GROWTH_SECONDS = 5.0
_WAIT_SECONDS = 0.25
_WITHOUT_LIMITS = Limits(time_limit=180.0)


def discover(
    suite: Suite | str | Path,
    *,
    proxies: Sequence[str] | None = None,
    problems: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    holdout: float | None = None,
    settings: Settings | None = None,
    limits: Limits | None = None,
    workers: int | None = None,
    address: str | None = None,
    out: str | Path | None = None,
    force: bool = False,
    listen: Listener | None = None,
) -> Discovery:
    """Breeds formulas on a suite, on Ray, and keeps all of it in a run's folder.

    Args:
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        proxies: names of the proxies that formulas may use; by default those that all chosen problems have.
        problems: names or patterns of the problems to take; by default all.
        leave_out: names or patterns of problems, search spaces or tasks to leave out.
        holdout: share of the rows, by whole networks, on which the result is validated.
        settings: how formulas are bred.
        limits: when to stop; three minutes where none is set.
        workers: how many workers; by default as many as the cluster has CPUs, and never more than islands.
        address: of a Ray cluster; by default ``RAY_ADDRESS``, else a Ray of our own on this machine.
        out: folder of the run; by default a new one below ``runs``.
        force: overwrite the run that is in `out`.
        listen: called with the progress, a few times a second.

    Raises:
        SuiteError: the suite cannot be read or is not fit for use.
        RunError: the folder exists, or the settings make no sense.
        ClusterError: there is no Ray, or it refuses us.
    """
    settings = settings or Settings()
    limits = (limits or Limits()).or_else(_WITHOUT_LIMITS)
    whole = suite if isinstance(suite, Suite) else load_suite(suite)
    chosen = whole.select(problems, leave_out).for_fitting(proxies)
    fitting, validation = split(chosen, holdout, settings.seed)
    settings.objective_function()
    _check_seeds(settings, chosen)
    folder = RunFolder.create(Path(out) if out else unused_folder("discover"), force)
    config = RunConfig(
        rayzc=__version__,
        suite=OWN_SUITE if isinstance(suite, Suite) else lasting_place(suite),
        suite_hash=whole.content_hash,
        problems=chosen.names,
        proxies=chosen.problems[0].proxies,
        holdout=holdout,
        settings=settings,
        limits=limits,
    )
    if isinstance(suite, Suite):
        write_suite(whole, folder.path / OWN_SUITE)
    folder.write_config(config.to_json())
    run = _Run(RunFiles(folder), config, fitting, validation, listen)
    return run.go(workers, address, None, 0.0)


def resume(
    run: str | Path,
    *,
    limits: Limits | None = None,
    workers: int | None = None,
    address: str | None = None,
    listen: Listener | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> Discovery:
    """Goes on with a run from its newest checkpoint; the number of workers may be another.

    Args:
        run: the run's folder.
        limits: when to stop; by default the limits of the run, the time before included.
        workers: how many workers.
        address: of a Ray cluster.
        listen: called with the progress, a few times a second.
        warn: called with a line for each checkpoint that cannot be read and is passed over, and if the folder cannot be
            written.

    Raises:
        RunError: there is no such run, its suite has changed, or no checkpoint can be read.
        ClusterError: there is no Ray, or it refuses us.
    """
    folder = RunFolder.open(Path(run))
    config = RunConfig.from_json(folder.read_config(), folder.config).with_limits(limits or Limits())
    fitting, validation = config.fitting_and_validation(lambda source: load_suite(folder.suite(source)))

    def pass_over(text: str) -> None:
        folder.record("checkpoint passed over", reason=text)
        warn(text)

    document = read_newest(folder.checkpoints, pass_over)
    islands, seconds = None, 0.0
    if document is not None:
        judge = Judge(Tables.of(fitting), config.settings.correlation, config.settings.max_ties)
        islands = restore(document, judge, config.settings)
        seconds = float(document["seconds"])
    folder.record("resumed", epoch=islands[0].epoch if islands else None)
    return _Run(RunFiles(folder, warn), config, fitting, validation, listen).go(
        workers, address, islands, seconds
    )


@dataclass(frozen=True)
class _Run:
    """A discovery from its start, or from a checkpoint, to its end."""

    files: RunFiles
    config: RunConfig
    fitting: Suite
    validation: Suite | None
    listen: Listener | None

    def go(
        self, workers: int | None, address: str | None, islands: Sequence[Island] | None, before: float
    ) -> Discovery:
        tracker = ProgressTracker(self.config.limits, before)
        tables = Tables.of(self.fitting)
        with connected(address, workers), Interrupts() as interrupts:
            self.files.record("started", rayzc=__version__, problems=len(tables.problems))
            archipelago = Archipelago(tables, self.config.settings, workers, islands)
            if islands:
                tracker.restored(islands)
            try:
                final, stopped = self._evolve(archipelago, tracker, interrupts)
                return self._conclude(final, stopped, tracker, archipelago.workers_lost)
            finally:
                archipelago.close()

    def _evolve(
        self, archipelago: Archipelago, tracker: ProgressTracker, interrupts: Interrupts
    ) -> tuple[tuple[Island, ...], str]:
        """Advances until a limit is met; returns all islands at an epoch, and the reason."""
        kept = archipelago.epoch  # that of the newest checkpoint
        next_checkpoint = next_growth = 0.0
        lost = recoveries = 0
        while True:
            with tracker.waiting():
                reports = list(archipelago.advance(self.config.limits.epochs, _WAIT_SECONDS))
            for report in reports:
                tracker.add(report)
            if archipelago.workers_lost > lost:
                lost = archipelago.workers_lost
                self.files.record("worker lost and replaced", lost=lost, epoch=archipelago.epoch)
            if archipelago.recoveries > recoveries:
                recoveries = archipelago.recoveries
                self.files.record("islands lost, back to those kept last", epoch=archipelago.epoch)
            stop = tracker.stop(archipelago.epoch)
            if interrupts.received:
                if archipelago.epoch < 0:
                    raise RunError(
                        f"{interrupts.received} came before the first epoch; there is nothing to keep"
                    )
                stop = (archipelago.epoch, interrupted_by(interrupts.received))
            # As soon as all islands have reached another epoch, but not many times a second.
            due = archipelago.epoch > kept and time.monotonic() >= next_checkpoint
            if stop or due:
                try:
                    islands = archipelago.islands(stop[0] if stop else archipelago.epoch)
                except ray.exceptions.RayError:
                    archipelago.recover()
                    continue
                self._save(islands, tracker)
                kept = islands[0].epoch
                next_checkpoint = time.monotonic() + _CHECKPOINT_SECONDS
                if stop:
                    return islands, stop[1]
            if time.monotonic() >= next_growth:
                archipelago.grow()
                next_growth = time.monotonic() + _GROWTH_SECONDS
            if self.listen:
                self.listen(tracker.progress(archipelago))

    def _save(self, islands: Sequence[Island], tracker: ProgressTracker) -> None:
        if not self.files.write_checkpoint(islands, tracker.seconds):
            return
        best = max(island.population[0].objective for island in islands)
        self.files.record(
            "checkpoint",
            epoch=islands[0].epoch,
            evaluations=sum(island.evaluations for island in islands),
            scored=tracker.scored,
            known=tracker.known,
            best=best if math.isfinite(best) else None,
        )

    def _conclude(
        self, islands: Sequence[Island], stopped: str, tracker: ProgressTracker, workers_lost: int
    ) -> Discovery:
        folder = self.files.folder
        hall = HallOfFame.of(islands)
        best = Formula.trusted(hall.best[0].tokens)
        discovery = Discovery(
            run=folder.path,
            stopped=stopped,
            best=assess(best, self.fitting),
            held_out=assess(best, self.validation) if self.validation else None,
            hall_of_fame=hall,
            problems=self.config.problems,
            epochs=islands[0].epoch,
            evaluations=sum(island.evaluations for island in islands),
            scored=tracker.scored,
            known=tracker.known,
            workers_lost=workers_lost,
            seconds=round(tracker.seconds, 3),
            most_evaluations=self.config.limits.evaluations,
        )
        self.files.write_result(
            folder.hall_of_fame, hall.to_json(self.config.provenance, self.config.problems)
        )
        self.files.write_result(folder.result, discovery.to_json())
        self.files.record("stopped", why=stopped, epoch=discovery.epochs)
        return discovery


def _check_seeds(settings: Settings, suite: Suite) -> None:
    known = suite.problems[0].proxies
    for text in settings.seeds:
        for proxy in Formula.parse(text).proxies:
            if proxy not in known:
                raise RunError(
                    f"the starting formula {text} needs proxy '{proxy}'; known: {', '.join(known)}"
                )
