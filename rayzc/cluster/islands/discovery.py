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
from rayzc.cluster.islands.progress import Progress, Watch
from rayzc.documents import write_atomically
from rayzc.errors import RunError
from rayzc.evolution import Island, Judge, Settings, Tables
from rayzc.evolution.scoring import score
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
    json_text,
    lasting_place,
    read_newest,
    restore,
    split,
    unused_folder,
    write_checkpoint,
)
from rayzc.version import __version__

__all__ = ["discover", "resume"]

Listener = Callable[[Progress], None]

_CHECKPOINT_SECONDS = 5.0
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
        listen: is told of the progress, a few times a second.

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
    run = _Run(folder, config, fitting, validation, listen)
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
        limits: when to stop; by default as the run was told, the time before included.
        workers: how many workers.
        address: of a Ray cluster.
        listen: is told of the progress.
        warn: is told of checkpoints that cannot be read and are passed over.

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
    return _Run(folder, config, fitting, validation, listen).go(workers, address, islands, seconds)


@dataclass(frozen=True)
class _Run:
    """One stretch of a run, from its start or a checkpoint to its end."""

    folder: RunFolder
    config: RunConfig
    fitting: Suite
    validation: Suite | None
    listen: Listener | None

    def go(
        self, workers: int | None, address: str | None, islands: Sequence[Island] | None, before: float
    ) -> Discovery:
        watch = Watch(self.config.limits, before)
        tables = Tables.of(self.fitting)
        with connected(address, workers), Interrupts() as interrupts:
            self.folder.record("started", rayzc=__version__, problems=len(tables.problems))
            archipelago = Archipelago(tables, self.config.settings, workers, islands)
            if islands:
                watch.restored(islands)
            try:
                final, stopped = self._evolve(archipelago, watch, interrupts)
                return self._conclude(final, stopped, watch, archipelago.workers_lost)
            finally:
                archipelago.close()

    def _evolve(
        self, archipelago: Archipelago, watch: Watch, interrupts: Interrupts
    ) -> tuple[tuple[Island, ...], str]:
        """Advances until a limit is met; gives all islands at one epoch, and the reason."""
        next_checkpoint = 0.0  # the first as soon as there is something to keep
        lost = recoveries = 0
        while True:
            with watch.waiting():
                reports = list(archipelago.advance(self.config.limits.epochs, _WAIT_SECONDS))
            for report in reports:
                watch.see(report)
            if archipelago.workers_lost > lost:
                lost = archipelago.workers_lost
                self.folder.record("worker lost and replaced", lost=lost, epoch=archipelago.epoch)
            if archipelago.recoveries > recoveries:
                recoveries = archipelago.recoveries
                self.folder.record("islands lost, back to those kept last", epoch=archipelago.epoch)
            stop = watch.stop(archipelago.epoch)
            if interrupts.received:
                if archipelago.epoch < 0:
                    raise RunError(
                        f"{interrupts.received.name} came before the first epoch; there is nothing to keep"
                    )
                stop = (archipelago.epoch, interrupted_by(interrupts.received.name))
            due = archipelago.epoch >= 0 and time.monotonic() >= next_checkpoint
            if stop or due:
                try:
                    islands = archipelago.islands(stop[0] if stop else archipelago.epoch)
                except ray.exceptions.RayError:
                    archipelago.recover()
                    continue
                self._save(islands, watch)
                next_checkpoint = time.monotonic() + _CHECKPOINT_SECONDS
                archipelago.recruit()
                if stop:
                    return islands, stop[1]
            if self.listen:
                self.listen(watch.progress(archipelago))

    def _save(self, islands: Sequence[Island], watch: Watch) -> None:
        write_checkpoint(self.folder.checkpoints, islands, __version__, watch.seconds)
        epoch = islands[0].epoch
        best = max(island.population[0].objective for island in islands)
        self.folder.record(
            "checkpoint",
            epoch=epoch,
            evaluations=sum(island.evaluations for island in islands),
            scored=watch.scored,
            known=watch.known,
            best=best if math.isfinite(best) else None,
        )

    def _conclude(
        self, islands: Sequence[Island], stopped: str, watch: Watch, workers_lost: int
    ) -> Discovery:
        hall = HallOfFame.of(islands)
        document = hall.to_json(self.config.provenance, self.config.problems)
        write_atomically(self.folder.hall_of_fame, json_text(document))
        best = Formula.trusted(hall.best[0].tokens)
        discovery = Discovery(
            run=self.folder.path,
            stopped=stopped,
            best=score(best, self.fitting),
            held_out=score(best, self.validation) if self.validation else None,
            hall_of_fame=hall,
            problems=self.config.problems,
            epochs=islands[0].epoch,
            evaluations=sum(island.evaluations for island in islands),
            scored=watch.scored,
            known=watch.known,
            workers_lost=workers_lost,
            seconds=round(watch.seconds, 3),
        )
        write_atomically(self.folder.result, json_text(discovery.to_json()))
        self.folder.record("stopped", why=stopped, epoch=discovery.epochs)
        return discovery


def _check_seeds(settings: Settings, suite: Suite) -> None:
    known = suite.problems[0].proxies
    for text in settings.seeds:
        for proxy in Formula.parse(text).proxies:
            if proxy not in known:
                raise RunError(
                    f"the starting formula {text} needs proxy '{proxy}'; known: {', '.join(known)}"
                )
