"""Workers: the actors that compute steps, and how their number is maintained.

An actor caches tables and compiled code but holds no state, so losing an actor costs nothing but time.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray
import ray.exceptions

from rayzc.evolution import Individual, Island, Judge, Tables, emigrants, initialise, step
from rayzc.options import Settings

__all__ = ["IslandWorkers", "Report", "Worker"]

Product = tuple[Island, tuple[Individual, ...], "Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """The report to the driver on one epoch of an island.

    Attributes:
        island: number of the island.
        epoch: the epoch that it has reached.
        evaluations: formulas bred and judged on it since the start.
        scored: rankings that this step scored.
        known: formulas of this step whose ranking the worker knew already.
        best: its best formula.
        front: its best formula of each complexity.
    """

    island: int
    epoch: int
    evaluations: int
    scored: int
    known: int
    best: Individual
    front: tuple[Individual, ...]


@ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)
class IslandWorker:
    """Computes epochs of any island, one after the other.

    Args:
        tables: what formulas are judged on.
        settings: how formulas are bred.
    """

    def __init__(self, tables: Tables, settings: Settings) -> None:
        self._settings = settings
        self._judge = Judge(tables, settings.correlation, settings.max_ties)

    def process(self) -> int:
        """The worker's process id; it answers once the worker is ready."""
        return os.getpid()

    def initialise(self, index: int) -> Product:
        """Returns island `index` at epoch 0, its emigrants, and a report."""
        return self._reported(lambda: initialise(index, self._judge, self._settings))

    def step(self, island: Island, *immigrants: tuple[Individual, ...]) -> Product:
        """Returns the island one epoch later, its emigrants, and a report."""
        arrivals = [immigrant for group in immigrants for immigrant in group]
        return self._reported(lambda: step(island, arrivals, self._judge, self._settings))

    def _reported(self, advance: Callable[[], Island]) -> Product:
        scored, known = self._judge.scored, self._judge.known
        island = advance()
        report = Report(
            island=island.index,
            epoch=island.epoch,
            evaluations=island.evaluations,
            scored=self._judge.scored - scored,
            known=self._judge.known - known,
            best=island.population[0],
            front=island.front,
        )
        return island, emigrants(island, self._settings), report


# Ray types neither of these.
_ACTOR: Any = IslandWorker
_resources: Any = ray.cluster_resources


@dataclass(eq=False)
class Worker:
    """An actor as the driver knows it.

    Attributes:
        actor: its handle.
        ready: resolves to its process id once it can work.
        process: its process id, 0 before it is ready.
        load: number of tasks that it was given and has not finished.
    """

    actor: Any
    ready: Any
    process: int = 0
    load: int = 0


class IslandWorkers:
    """Maintains the number of workers: replaces dead workers, and uses a cluster that grows.

    Args:
        tables: reference to the tables; held here, so that a worker that comes late finds them.
        settings: how formulas are bred.
        count: number of workers; by default as many as the cluster has CPUs, now and later. There are never more
            workers than islands.

    Attributes:
        lost: number of workers that died and were replaced.
    """

    def __init__(self, tables: Any, settings: Settings, count: int | None) -> None:
        self._tables = tables
        self._settings = settings
        self._count = count
        self._workers: list[Worker] = []
        self.lost = 0
        self.fill_up()

    @property
    def target(self) -> int:
        """The number of workers to maintain: at most one per island."""
        count = self._count or max(1, int(_resources().get("CPU", 1)))
        return min(count, self._settings.islands)

    @property
    def ready(self) -> list[Worker]:
        """The workers that can take tasks."""
        return [worker for worker in self._workers if worker.process]

    @property
    def expected(self) -> list[Any]:
        """References that resolve when a worker becomes ready."""
        return [worker.ready for worker in self._workers if not worker.process]

    def fill_up(self) -> None:
        """Starts workers until their number is the target."""
        for _ in range(self.target - len(self._workers)):
            actor = _ACTOR.remote(self._tables, self._settings)
            self._workers.append(Worker(actor, actor.process.remote()))

    def mark_ready(self, ready: Any) -> None:
        """Records that a worker is ready, or that it died before."""
        worker = next((w for w in self._workers if w.ready == ready), None)
        if worker is None:
            return
        try:
            worker.process = ray.get(ready)
        except ray.exceptions.RayActorError:
            self._remove(worker)

    def retire(self, worker: Worker) -> None:
        """Replaces a worker that died, unless that was done already."""
        if worker in self._workers:
            self._remove(worker)

    def close(self) -> None:
        """Ends all workers."""
        for worker in self._workers:
            ray.kill(worker.actor)
        self._workers.clear()

    def _remove(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self.lost += 1
        self.fill_up()
