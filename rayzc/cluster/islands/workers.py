"""Workers: the actors that compute steps, and how their number is maintained.

An actor caches tables and compiled code but holds no state, so losing an actor costs nothing but time. It takes steps
of any discovery, so discoveries that follow one another, or run side by side, share processes that started once.
"""

import os
import pickle
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
import ray.exceptions

from rayzc.cluster.islands.backend import Backend
from rayzc.evolution import Individual, Island, Judge, Tables, emigrants, initialise, step
from rayzc.evolution.fitness import MEMORY
from rayzc.options import Settings
from rayzc.runs import WrittenIsland

__all__ = ["Breeding", "IslandWorkers", "Kept", "Report", "Worker", "kept"]

_PATIENCE = 20.0  # times the longest step so far
# Seconds. Ray takes some twenty to find out that a machine is lost, and steps elsewhere wait for its islands meanwhile.
_LEAST_PATIENCE = 30.0
_PATIENCE_AT_FIRST = 120.0  # seconds

Product = tuple[Island, tuple[Individual, ...], "Report"]

Kept = tuple[WrittenIsland, bytes]
"""An island for the driver to keep: as checkpoints have it, and pickled, for the case that all else is lost."""


@dataclass(frozen=True, slots=True)
class Report:
    """The report to the driver on one epoch of an island.

    Attributes:
        island: number of the island in the run.
        epoch: the epoch that it has reached.
        evaluations: formulas bred and judged on it since the start.
        scored: rankings that this step scored.
        known: formulas of this step whose ranking the worker knew already.
        seconds: how long this step took.
        best: its best formula.
        front: its best formula of each complexity.
    """

    island: int
    epoch: int
    evaluations: int
    scored: int
    known: int
    seconds: float
    best: Individual
    front: tuple[Individual, ...]

    @classmethod
    def of(cls, island: Island, scored: int, known: int, seconds: float, first: int = 0) -> "Report":
        """The report on an island after a step; `first` is the number of the first island that is bred as it is."""
        return cls(
            island=first + island.index,
            epoch=island.epoch,
            evaluations=island.evaluations,
            scored=scored,
            known=known,
            seconds=seconds,
            best=island.population[0],
            front=island.front,
        )


@dataclass(frozen=True, eq=False)
class Breeding:
    """How islands that are bred alike are bred, as their steps tell the workers.

    Attributes:
        tables: reference to what formulas are judged on.
        settings: how formulas are bred.
        first: number of the first of these islands in the run.
        memory: formulas that a worker remembers for them.
        key: names them among all that share workers.
    """

    tables: Any
    settings: Settings
    first: int = 0
    memory: int = MEMORY
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


_remote: Any = ray.remote  # Ray does not type groups


# Islands are written out in a thread beside the steps: the driver waits for it, and does not for a step.
@_remote(num_cpus=1, max_restarts=0, max_task_retries=0, concurrency_groups={"beside": 1})
class IslandWorker:
    """Computes epochs of any island of any discovery, one after the other."""

    def __init__(self) -> None:
        self._judges: dict[str, Judge] = {}

    def process(self) -> int:
        """The worker's process id; it answers once the worker is ready."""
        return os.getpid()

    @ray.method(num_returns=3)
    def initialise(self, breeding: Breeding, index: int) -> Product:
        """Returns island `index` of those bred alike at epoch 0, its emigrants, and a report."""
        judge = self._judge(breeding)
        return _reported(lambda: initialise(index, judge, breeding.settings), judge, breeding)

    @ray.method(num_returns=3)
    def step(self, breeding: Breeding, island: Island, *immigrants: tuple[Individual, ...]) -> Product:
        """Returns the island one epoch later, its emigrants, and a report."""
        judge = self._judge(breeding)
        arrivals = [immigrant for group in immigrants for immigrant in group]
        return _reported(lambda: step(island, arrivals, judge, breeding.settings), judge, breeding)

    @ray.method(concurrency_group="beside")
    def keep(self, island: Island) -> Kept:
        """Returns an island for the driver to keep."""
        return kept(island)

    def forget(self, key: str) -> None:
        """Frees what it remembers of a discovery that has ended."""
        self._judges.pop(key, None)

    def _judge(self, breeding: Breeding) -> Judge:
        known = self._judges.get(breeding.key)
        if known is None:
            tables: Tables = ray.get(breeding.tables)
            known = self._judges[breeding.key] = Judge.of(tables, breeding.settings, breeding.memory)
        return known


def kept(island: Island) -> Kept:
    """An island for the driver to keep."""
    return WrittenIsland.of(island), pickle.dumps(island)


def _reported(advance: Callable[[], Island], judge: Judge, breeding: Breeding) -> Product:
    scored, known, begun = judge.scored, judge.known, time.perf_counter()
    island = advance()
    seconds = time.perf_counter() - begun
    report = Report.of(island, judge.scored - scored, judge.known - known, seconds, breeding.first)
    return island, emigrants(island, breeding.settings), report


@dataclass(eq=False)
class Worker:
    """An actor as the driver knows it.

    Attributes:
        actor: its handle.
        ready: resolves to its process id once it can work.
        process: its process id, 0 before it is ready.
        load: number of tasks that it was given and has not finished.
        silent: seconds since it finished a task, or was given one when it had none.
        steps: number of tasks that it has finished.
    """

    actor: Any
    ready: Any
    process: int = 0
    load: int = 0
    silent: float = 0.0
    steps: int = 0


class IslandWorkers:
    """Maintains the number of workers: replaces dead workers, and uses a cluster that grows.

    They end with a ``with`` block.

    Args:
        count: number of workers; by default as many as the cluster has CPUs, now and later. There are never more
            workers than islands.
        backend: starts them; by default Ray.

    Attributes:
        backend: starts them, and has what they return.
        lost: number of workers that died and were replaced.
    """

    def __init__(self, count: int | None, backend: Backend | None = None) -> None:
        self.backend = backend or Backend(IslandWorker)
        self._count = count
        self._workers: list[Worker] = []
        self._by_load: dict[int, dict[Worker, None]] = {}
        self._breedings: dict[str, Breeding] = {}
        self._longest = 0.0
        self.lost = 0

    def __enter__(self) -> "IslandWorkers":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def begin(self, breeding: Breeding) -> None:
        """Makes room for a discovery, whose tables are held here, so that a worker that comes late finds them."""
        self._breedings[breeding.key] = breeding
        self.fill_up()

    def end(self, breeding: Breeding) -> None:
        """Forgets a discovery; the workers stay for those that follow."""
        if self._breedings.pop(breeding.key, None) is not None:
            for worker in self._workers:
                worker.actor.forget.remote(breeding.key)

    @property
    def target(self) -> int:
        """The number of workers to maintain: at most one per island."""
        count = self._count or self.backend.cpus()
        return min(count, sum(breeding.settings.number_of_islands for breeding in self._breedings.values()))

    @property
    def ready(self) -> list[Worker]:
        """The workers that can take tasks."""
        return [worker for worker in self._workers if worker.process]

    @property
    def least_loaded(self) -> Worker | None:
        """A worker that can take tasks and has the fewest; None while no worker can."""
        load = min(self._by_load, default=None)
        return None if load is None else next(iter(self._by_load[load]))

    def can_work(self, worker: Worker) -> bool:
        """Whether it can take tasks: it is ready, and not known to have died."""
        return worker in self._by_load.get(worker.load, ())

    def add_load(self, worker: Worker, tasks: int) -> None:
        """Counts tasks that a worker was given, or with a minus, that it has finished or lost."""
        counted = self.can_work(worker)
        if counted:
            self._withdraw(worker)
        if tasks > 0 and not worker.load:
            worker.silent = 0.0
        worker.load += tasks
        if counted:
            self._enter(worker)

    def finished(self, worker: Worker) -> None:
        """Records that a worker has finished a task, or that the task was lost."""
        self.add_load(worker, -1)
        worker.silent = 0.0
        worker.steps += 1

    def wait(self, references: Sequence[Any], seconds: float) -> set[Any]:
        """Waits until a step has ended or a worker has become ready.

        Args:
            references: to what steps return.
            seconds: the longest time to wait.

        Returns:
            The references that are there, or that are lost.
        """
        expected = {worker.ready for worker in self._workers if not worker.process}
        ready = self.backend.wait([*references, *expected], seconds)
        for reference in expected & ready:
            self._mark_ready(reference)
        return ready - expected

    def fill_up(self) -> None:
        """Starts workers until their number is the target."""
        for _ in range(self.target - len(self._workers)):
            actor = self.backend.start()
            self._workers.append(Worker(actor, actor.process.remote()))

    def retire(self, worker: Worker) -> None:
        """Replaces a worker that died or hangs, unless that was done already."""
        if worker in self._workers:
            self.backend.end(worker.actor)
            self._remove(worker)

    def took(self, seconds: float) -> None:
        """Records how long a step took."""
        self._longest = max(self._longest, seconds)

    def overdue(self, seconds: float) -> list[Worker]:
        """The workers that hang, or whose machine cannot be reached: they are silent for many times the longest step.

        The first step of a worker may load and compile what the others have in memory.

        Args:
            seconds: since the last call. Only a second counts of what is longer: then it was this process that stood
                still, as on a laptop that slept, and it has not heard yet what the workers have done.
        """
        for worker in self._workers:
            worker.silent += min(seconds, 1.0) if worker.load else 0.0
        usual, first = max(_LEAST_PATIENCE, _PATIENCE * self._longest), _PATIENCE_AT_FIRST
        return [
            worker
            for worker in self._workers
            if worker.load and worker.silent > (usual if worker.steps else max(first, usual))
        ]

    def close(self) -> None:
        """Ends all workers."""
        for worker in self._workers:
            self.backend.end(worker.actor)
        self._workers.clear()
        self._by_load.clear()

    def _mark_ready(self, ready: Any) -> None:
        """Records that a worker is ready, or that it died before."""
        worker = next((w for w in self._workers if w.ready == ready), None)
        if worker is None:
            return
        try:
            worker.process = self.backend.get(ready)
            self._enter(worker)
        except ray.exceptions.RayActorError:
            self._remove(worker)

    def _remove(self, worker: Worker) -> None:
        self._workers.remove(worker)
        if self.can_work(worker):
            self._withdraw(worker)
        self.lost += 1
        self.fill_up()

    def _enter(self, worker: Worker) -> None:
        self._by_load.setdefault(worker.load, {})[worker] = None

    def _withdraw(self, worker: Worker) -> None:
        alike = self._by_load[worker.load]
        del alike[worker]
        if not alike:
            del self._by_load[worker.load]
