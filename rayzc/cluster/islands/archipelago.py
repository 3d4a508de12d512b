"""The islands of a run on the workers of a cluster: a chain of futures without a barrier.

A run may have several *groups* of islands, each bred on tables of its own: the folds of a cross-validation are groups
beside the first. Islands of different groups never exchange formulas, but all are at the same epoch.

Epoch e + 1 of an island needs its own epoch e and, when migration is due, its neighbours' emigrants of epoch e. These
are object references: no state passes through the driver, which reads a small report of every epoch and fetches the
islands only to keep them safe. An epoch is handed out once what it needs is there, those furthest behind first, so
that no worker's queue is held up by a step that still waits; a worker has one step more than it is computing.

Every step is a pure function of the objects referred to, so a loss is simply computed again: a step that died
with its worker goes to another worker, and if the objects themselves are gone (a node was lost), all goes back to
the islands that were fetched last.
"""

import math
import pickle
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray.exceptions

from rayzc.cluster.islands.workers import Breeding, IslandWorkers, Kept, Report, Worker, kept
from rayzc.errors import ClusterError, RayzcError, RunError
from rayzc.evolution import TOPOLOGIES, Island, Tables, emigrants
from rayzc.evolution.fitness import MEMORY
from rayzc.options import Settings
from rayzc.runs import WrittenIsland

__all__ = ["Archipelago"]

_QUEUE = 2
# Checkpoints and the result have the epoch that all islands have reached: later epochs of some may be lost.
_LEAD = 2
_ATTEMPTS = 4
_SECONDS_TO_KEEP = 10.0


@dataclass(frozen=True, eq=False)
class _Task:
    """An epoch of an island that was handed out: references to what it returns."""

    island: Any
    emigrants: Any
    report: Any
    worker: Worker | None


class Archipelago:
    """All islands of a discovery, none of them far ahead of the others.

    Args:
        groups: of each group of islands, what formulas are judged on, which is put into the object store once, and how
            they are bred.
        workers: who computes the steps; other discoveries may use them, too.
        islands: where to go on from, all at one epoch, group by group; by default new islands are made.

    Attributes:
        recoveries: number of times that islands were lost, with a machine for example, and all went back.
    """

    def __init__(
        self,
        groups: Sequence[tuple[Tables, Settings]],
        workers: IslandWorkers,
        islands: Sequence[Island] | None = None,
    ) -> None:
        self.recoveries = 0
        self._workers, self._lost_before = workers, workers.lost
        self._ray = workers.backend
        self._breedings: list[Breeding] = []
        self._bred_as: list[tuple[Breeding, Any]] = []  # by island, how it is bred, and a reference to that
        for tables, settings in groups:
            # All groups together take as much of a worker's memory as one alone.
            memory = MEMORY // len(groups)
            breeding = Breeding(self._ray.put(tables), settings, len(self._bred_as), memory)
            told = self._ray.put(breeding)  # every call refers to it; to send it along takes longer
            self._breedings.append(breeding)
            self._bred_as += [(breeding, told)] * settings.number_of_islands
        self._safe_epoch = islands[0].epoch if islands else -1
        self._safe: tuple[Kept, ...] = tuple(map(kept, islands or ()))
        self._tasks: dict[tuple[int, int], _Task] = {}
        self._pending: dict[Any, tuple[int, int]] = {}
        self._attempts: dict[tuple[int, int], int] = {}
        self._finished: list[int] = []
        self._handed_out: list[int] = []
        self._resting: set[int] = set()  # islands of which no epoch is pending
        for breeding in self._breedings:
            self._workers.begin(breeding)
        self._go_back()

    @property
    def epoch(self) -> int:
        """The epoch that all islands have reached; -1 before they are made."""
        return min(self._finished)

    @property
    def processes(self) -> tuple[int, ...]:
        """Process ids of the workers that are ready."""
        return tuple(worker.process for worker in self._workers.ready)

    @property
    def workers_lost(self) -> int:
        """Number of workers that died and were replaced, since this discovery began."""
        return self._workers.lost - self._lost_before

    @property
    def pending(self) -> tuple[Any, ...]:
        """References to the reports of steps that were handed out."""
        return tuple(self._pending)

    @property
    def steps_pending(self) -> int:
        """Number of steps that were handed out and have not ended."""
        return len(self._pending)

    def hand_out(self, last: int | None) -> Iterator[int]:
        """Hands out epochs, those furthest behind first, until every worker has enough; yields after each.

        Args:
            last: the epoch after which nothing more is handed out.
        """
        if not self._has_room(self._workers.least_loaded):
            return
        furthest = min(self.epoch + _LEAD, math.inf if last is None else last)
        for island in sorted(self._resting, key=lambda i: (self._handed_out[i], i)):
            epoch = self._handed_out[island] + 1
            if epoch > furthest:
                continue
            needs = self._needs(island, epoch)
            if any(self._finished[source] < at or (source, at) not in self._tasks for source, at in needs):
                continue
            worker = self._worker_for(island, epoch)
            if worker is not None:
                self._start(island, epoch, needs, worker)
                yield island

    def collect(self, ready: Collection[Any]) -> Iterator[Report]:
        """Yields the reports of steps that have ended; what was lost is handed out again later.

        Args:
            ready: references that are there, or lost; those of others are passed over.

        Raises:
            ClusterError: the same step killed four workers.
            RunError: a step failed, for example in the user's objective.
        """
        for reference in ready:
            if reference in self._pending:  # and not all went back, or it is another discovery's
                report = self._collect(reference)
                if report is not None:
                    yield report

    def keep(self, epoch: int) -> tuple[WrittenIsland, ...]:
        """Fetches all islands at an epoch, which may not precede that of the last call; drops those of earlier epochs.

        The workers write them out, side by side.

        Raises:
            ray.exceptions.RayError: they are lost; call :meth:`recover` then.
        """
        if self._safe_epoch != epoch:
            tasks = [self._tasks[island, epoch] for island in range(len(self._bred_as))]
            helper = self._workers.least_loaded
            asked = []
            for task in tasks:
                worker = task.worker if task.worker and self._workers.can_work(task.worker) else helper
                asked.append(worker and worker.actor.keep.remote(task.island))
            deadline = self._ray.now() + _SECONDS_TO_KEEP
            pairs = zip(tasks, asked, strict=True)
            self._safe = tuple(self._fetched(task, answer, deadline) for task, answer in pairs)
            self._safe_epoch = epoch
            for key in [key for key in self._tasks if key[1] < epoch]:
                del self._tasks[key]
        return tuple(written for written, _ in self._safe)

    def islands(self, epoch: int) -> tuple[Island, ...]:
        """Like :meth:`keep`, but returns the islands themselves."""
        self.keep(epoch)
        return self._safe_islands()

    def give_up(self, worker: Worker) -> None:
        """Hands the steps that a worker was given to others.

        Raises:
            ClusterError: four workers hung on the same step.
        """
        keys = [key for key in self._pending.values() if self._tasks[key].worker is worker]
        if keys:
            self._count_attempt(min(keys, key=lambda key: key[1]), "was not finished by")
        for key in keys:
            self._hand_back(key)

    def recover(self) -> None:
        """Goes back to the islands that were fetched last, or to the start."""
        self.recoveries += 1
        self._go_back()

    def close(self) -> None:
        """Drops what was handed out, and leaves the workers to other discoveries."""
        self._drop()
        for breeding in self._breedings:
            self._workers.end(breeding)

    def _drop(self) -> None:
        for reference, key in self._pending.items():
            self._ray.cancel(reference)
            self._unload(self._tasks[key].worker)
        self._tasks.clear()
        self._pending.clear()

    def _go_back(self) -> None:
        self._drop()
        self._finished = [self._safe_epoch] * len(self._bred_as)
        self._handed_out = list(self._finished)
        self._resting = set(range(len(self._bred_as)))
        for number, island in enumerate(self._safe_islands()):
            leaving = self._ray.put(emigrants(island, self._bred_as[number][0].settings))
            self._tasks[number, island.epoch] = _Task(self._ray.put(island), leaving, None, None)

    def _safe_islands(self) -> tuple[Island, ...]:
        return tuple(pickle.loads(island) for _, island in self._safe)

    def _fetched(self, task: _Task, asked: Any, deadline: float) -> Kept:
        """What a worker has written out; the driver does so itself if that worker has died or hangs."""
        try:
            if asked is not None:
                answer: Kept = self._ray.get(asked, max(0.0, deadline - self._ray.now()))
                return answer
        except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError):
            pass  # its steps will tell, too
        return kept(self._ray.get(task.island))

    def _worker_for(self, island: int, epoch: int) -> Worker | None:
        """The worker that computed the epoch before, which remembers the island's formulas; else an idle worker."""
        before = self._tasks.get((island, epoch - 1))
        home, least = before.worker if before else None, self._workers.least_loaded
        if home is not None and self._workers.can_work(home):
            if home.load < _QUEUE:
                return home
            return least if least and least.load == 0 else None
        return least if self._has_room(least) else None

    @staticmethod
    def _has_room(worker: Worker | None) -> bool:
        return worker is not None and worker.load < _QUEUE

    def _unload(self, worker: Worker | None) -> None:
        if worker is not None:
            self._workers.add_load(worker, -1)

    def _needs(self, island: int, epoch: int) -> list[tuple[int, int]]:
        """The tasks whose products an epoch takes: the island before it, then the sources of immigrants."""
        if epoch == 0:
            return []
        breeding, _ = self._bred_as[island]
        settings, first = breeding.settings, breeding.first
        before, interval = epoch - 1, settings.migration_interval
        needs = [(island, before)]
        if interval and before and before % interval == 0:
            topology = TOPOLOGIES[settings.topology]
            sources = topology(island - first, settings.number_of_islands, settings.seed, before // interval)
            needs += [(first + source, before) for source in sources]
        return needs

    def _start(self, island: int, epoch: int, needs: list[tuple[int, int]], worker: Worker) -> None:
        breeding, told = self._bred_as[island]
        if needs:
            own, *sources = (self._tasks[need] for need in needs)
            products = worker.actor.step.remote(told, own.island, *(source.emigrants for source in sources))
        else:
            products = worker.actor.initialise.remote(told, island - breeding.first)
        self._tasks[island, epoch] = _Task(products[0], products[1], products[2], worker)
        self._pending[products[2]] = (island, epoch)
        self._handed_out[island] = epoch
        self._resting.discard(island)
        self._workers.add_load(worker, 1)

    def _collect(self, reference: Any) -> Report | None:
        """The report of a finished step; None if it was lost and has to be handed out again."""
        island, epoch = key = self._pending.pop(reference)
        worker = self._tasks[key].worker
        if worker is not None:
            self._workers.finished(worker)
        try:
            report: Report = self._ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            if not isinstance(cause := _cause(error), ray.exceptions.RayError):
                raise _failed(cause, island, epoch) from None
            if isinstance(cause, ray.exceptions.RayActorError):
                self._lost(key, worker, cause)  # the worker that computed one of its inputs is lost
            else:
                self.recover()  # one of its inputs is lost
            return None
        except ray.exceptions.RayActorError as error:
            self._lost(key, worker, error)
            return None
        except ray.exceptions.RayError:
            self.recover()
            return None
        self._finished[island] = epoch
        self._resting.add(island)
        self._workers.took(report.seconds)
        return report

    def _lost(self, key: tuple[int, int], worker: Worker | None, error: BaseException) -> None:
        if worker is not None and getattr(error, "actor_id", None) == worker.actor._actor_id.hex():
            self._workers.retire(worker)
            self._count_attempt(key, "killed")
        self._hand_back(key)

    def _count_attempt(self, key: tuple[int, int], what: str) -> None:
        """Counts a step that was lost with its worker.

        Args:
            key: island and epoch.
            what: what the step did to its workers.

        Raises:
            ClusterError: it was the fourth.
        """
        self._attempts[key] = self._attempts.get(key, 0) + 1
        if self._attempts[key] >= _ATTEMPTS:
            island, epoch = key
            raise ClusterError(
                f"epoch {epoch} of island {island} {what} {_ATTEMPTS} workers in a row: see the logs of Ray for the "
                "reason, often a lack of memory, then continue with `rayzc resume`"
            ) from None

    def _hand_back(self, key: tuple[int, int]) -> None:
        """Has a step, and those of its island that follow, handed out again."""
        island, epoch = key
        for later in [k for k in self._tasks if k[0] == island and k[1] >= epoch]:
            task = self._tasks.pop(later)
            if self._pending.pop(task.report, None) is not None:
                self._unload(task.worker)
        self._handed_out[island] = min(self._handed_out[island], epoch - 1)
        self._resting.add(island)


def _cause(error: ray.exceptions.RayTaskError) -> BaseException:
    """Why a task failed, or the task on which it depended."""
    cause: BaseException = error
    while isinstance(cause, ray.exceptions.RayTaskError) and cause.cause is not None:
        cause = cause.cause
    return cause


def _failed(cause: BaseException, island: int, epoch: int) -> RayzcError:
    if isinstance(cause, RayzcError):
        return cause
    return RunError(f"island {island} failed in epoch {epoch}: {type(cause).__name__}: {cause}")
