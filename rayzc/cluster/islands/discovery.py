"""Discovery: breeds formulas on a suite, with islands on a cluster, and keeps them in a run's folder."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import ray.exceptions

from rayzc.cluster.connection import check_address, connected
from rayzc.cluster.interrupts import Interrupts
from rayzc.cluster.islands.archipelago import Archipelago
from rayzc.cluster.islands.files import RunFiles, warn_by_default
from rayzc.cluster.islands.progress import Progress, ProgressTracker
from rayzc.cluster.islands.workers import IslandWorkers
from rayzc.errors import RunError
from rayzc.evolution import Island, Judge, Tables, check_settings
from rayzc.evolution.assessment import assess
from rayzc.formula import Formula
from rayzc.options import Cluster, DiscoverOptions, Limits, Place, takes
from rayzc.options.runs import DEFAULT_SECONDS
from rayzc.problems import DEFAULT_SUITE, Suite, load_suite
from rayzc.runs import (
    DiscoverConfig,
    Discovery,
    Ending,
    HallOfFame,
    RunFolder,
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
_WITHOUT_LIMITS = Limits(time_limit=DEFAULT_SECONDS)


@takes(options=DiscoverOptions, cluster=Cluster, place=Place)
def discover(
    suite: Suite | str | Path = DEFAULT_SUITE,
    *,
    options: DiscoverOptions,
    cluster: Cluster,
    place: Place,
    listen: Listener | None = None,
    warn: Callable[[str], None] = warn_by_default,
    island_workers: IslandWorkers | None = None,
) -> Discovery:
    """Breeds formulas on a suite, on Ray, and keeps all of it in a run's folder.

    Every option below can be given by keyword.

    Args:
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        options: what to do.
        cluster: where to compute.
        place: where to keep the run.
        listen: called with the progress, a few times per second.
        warn: called with a line if the run's folder cannot be written; by default Python warns.
        island_workers: workers of other discoveries, to share; by default it starts its own.

    Raises:
        SuiteError: the suite cannot be read or is not fit for use.
        RunError: the folder exists, or an option cannot be used.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    check_address(cluster.address)
    settings = options.settings
    whole = suite if isinstance(suite, Suite) else load_suite(suite)
    chosen = whole.select(options.problems, options.leave_out).for_fitting(options.proxies)
    fitting, validation = split(chosen, options.holdout, settings.seed)
    check_settings(settings, chosen.problems[0].proxies)
    folder = RunFolder.create(place.out or unused_folder("discover"), place.force)
    with folder.locked():
        config = DiscoverConfig(
            problems=chosen.names,
            leave_out=options.leave_out,
            proxies=chosen.problems[0].proxies,
            holdout=options.holdout,
            settings=settings,
            limits=options.limits.or_else(_WITHOUT_LIMITS),
            rayzc=__version__,
            suite=folder.keep_suite(suite),
            suite_hash=whole.content_hash,
        )
        folder.write_config(config.to_json())
        run = _Run(RunFiles(folder, warn), config, fitting, validation, listen, island_workers)
        return run.go(cluster, None, 0.0)


@takes(limits=Limits, cluster=Cluster)
def resume(
    run: str | Path,
    *,
    limits: Limits,
    cluster: Cluster,
    listen: Listener | None = None,
    warn: Callable[[str], None] = warn_by_default,
    island_workers: IslandWorkers | None = None,
) -> Discovery:
    """Continues a run from its newest checkpoint; the number of workers may be another.

    Args:
        run: the run's folder.
        limits: when to stop; by default as the run was asked to.
        cluster: where to compute.
        listen: called with the progress.
        warn: called with a line for every checkpoint that cannot be read and is passed over, and if the folder cannot
            be written; by default Python warns.
        island_workers: workers of other discoveries, to share; by default it starts its own.

    Raises:
        RunError: there is no such run, its suite has changed, no checkpoint can be read, or another process has it.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    folder = RunFolder.open(Path(run))
    with folder.locked():
        config = DiscoverConfig.from_json(folder.read_config(), folder.config)
        config = config.replaced(limits=limits.or_else(config.limits))
        fitting, validation = config.fitting_and_validation(lambda source: load_suite(folder.suite(source)))
        check_settings(config.settings, fitting.problems[0].proxies)

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
        continued = _Run(RunFiles(folder, warn), config, fitting, validation, listen, island_workers)
        return continued.go(cluster, islands, seconds)


@dataclass(frozen=True)
class _Run:
    """A discovery from its start, or from a checkpoint, to its end."""

    files: RunFiles
    config: DiscoverConfig
    fitting: Suite
    validation: Suite | None
    listen: Listener | None
    island_workers: IslandWorkers | None

    def go(self, cluster: Cluster, islands: Sequence[Island] | None, before: float) -> Discovery:
        tracker = ProgressTracker(self.config.limits, before)
        tables = Tables.of(self.fitting)
        with (
            connected(cluster.address, cluster.workers),
            Interrupts() as interrupts,
            # Workers that are shared are not ended here.
            nullcontext(self.island_workers)
            if self.island_workers
            else IslandWorkers(cluster.workers) as workers,
        ):
            self.files.record("started", rayzc=__version__, problems=len(tables.problems))
            archipelago = Archipelago(tables, self.config.settings, workers, islands)
            if islands:
                tracker.restored(islands)
            try:
                final, ending = self._evolve(archipelago, tracker, interrupts)
                return self._conclude(final, ending, tracker, archipelago.workers_lost)
            finally:
                archipelago.close()

    def _evolve(
        self, archipelago: Archipelago, tracker: ProgressTracker, interrupts: Interrupts
    ) -> tuple[tuple[Island, ...], Ending]:
        """Advances until a limit is met; returns all islands at an epoch, and how the run ended."""
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
                        f"{interrupts.received.name} came before the end of the first epoch: there is no result to keep"
                    )
                stop = (archipelago.epoch, Ending.interrupted_by(interrupts.received))
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
        self, islands: Sequence[Island], ending: Ending, tracker: ProgressTracker, workers_lost: int
    ) -> Discovery:
        folder = self.files.folder
        hall = HallOfFame.of(islands)
        best = Formula.trusted(hall.best[0].tokens)
        discovery = Discovery(
            run=folder.path,
            ending=ending,
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
        document = hall.to_json(self.config.provenance, self.config.problems)
        trouble = folder.write_or_say(folder.hall_of_fame, document)
        trouble = folder.write_or_say(folder.result, discovery.to_json()) or trouble
        discovery = replace(discovery, trouble=trouble)
        self.files.record("stopped", why=discovery.stopped, epoch=discovery.epochs)
        return discovery
