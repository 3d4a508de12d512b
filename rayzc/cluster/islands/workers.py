"""Workers: the actors that compute steps, and how their number is maintained.

An actor caches tables and compiled code but holds no state, so losing an actor costs nothing but time. It takes steps
of any discovery, so discoveries that follow one another, or run side by side, share processes that started once.
"""

import os
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
import ray.exceptions

from rayzc.evolution import Individual, Island, Judge, Tables, emigrants, initialise, step
from rayzc.options import Settings

__all__ = ["Breeding", "IslandWorkers", "Report", "Worker"]

_PATIENCE = 20.0  # times the longest step so far
_LEAST_PATIENCE = 10.0  # seconds
_PATIENCE_AT_FIRST = 120.0  # seconds

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


@dataclass(frozen=True, eq=False)
class Breeding:
    """How a discovery breeds, as its steps tell the workers.

    Attributes:
        tables: reference to what formulas are judged on.
        settings: how formulas are bred.
        key: names the discovery among those that share workers.
    """

    tables: Any
    settings: Settings
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


@ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)
class IslandWorker:
    """Computes epochs of any island of any discovery, one after the other."""

    def __init__(self) -> None:
        self._judges: dict[str, Judge] = {}

    def process(self) -> int:
        """The worker's process id; it answers once the worker is ready."""
        return os.getpid()

    def initialise(self, breeding: Breeding, index: int) -> Product:
        """Returns island `index` at epoch 0, its emigrants, and a report."""
        judge = self._judge(breeding)
        return _reported(lambda: initialise(index, judge, breeding.settings), judge, breeding.settings)

    def step(self, breeding: Breeding, island: Island, *immigrants: tuple[Individual, ...]) -> Product:
        """Returns the island one epoch later, its emigrants, and a report."""
        judge = self._judge(breeding)
        arrivals = [immigrant for group in immigrants for immigrant in group]
        return _reported(lambda: step(island, arrivals, judge, breeding.settings), judge, breeding.settings)

    def forget(self, key: str) -> None:
        """Frees what it remembers of a discovery that has ended."""
        self._judges.pop(key, None)

    def _judge(self, breeding: Breeding) -> Judge:
        known = self._judges.get(breeding.key)
        if known is None:
            tables: Tables = _ray.get(breeding.tables)
            settings = breeding.settings
            known = self._judges[breeding.key] = Judge(tables, settings.correlation, settings.max_ties)
        return known


def _reported(advance: Callable[[], Island], judge: Judge, settings: Settings) -> Product:
    scored, known, begun = judge.scored, judge.known, time.perf_counter()
    island = advance()
    report = Report(
        island=island.index,
        epoch=island.epoch,
        evaluations=island.evaluations,
        scored=judge.scored - scored,
        known=judge.known - known,
        seconds=time.perf_counter() - begun,
        best=island.population[0],
        front=island.front,
    )
    return island, emigrants(island, settings), report


# Ray types neither of these.
_ACTOR: Any = IslandWorker
_ray: Any = ray
_resources: Any = ray.cluster_resources


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

    def given(self) -> None:
        """Records that it was given a task."""
        if not self.load:
            self.silent = 0.0
        self.load += 1

    def finished(self) -> None:
        """Records that it has finished a task."""
        self.load -= 1
        self.silent = 0.0
        self.steps += 1


class IslandWorkers:
    """Maintains the number of workers: replaces dead workers, and uses a cluster that grows.

    They end with a ``with`` block.

    Args:
        count: number of workers; by default as many as the cluster has CPUs, now and later. There are never more
            workers than islands.

    Attributes:
        lost: number of workers that died and were replaced.
    """

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._workers: list[Worker] = []
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
        count = self._count or max(1, int(_resources().get("CPU", 1)))
        return min(count, sum(breeding.settings.islands for breeding in self._breedings.values()))

    @property
    def ready(self) -> list[Worker]:
        """The workers that can take tasks."""
        return [worker for worker in self._workers if worker.process]

    @property
    def waiting_for(self) -> str:
        """Why no worker is ready, as far as it is known here, and where to look."""
        busy = not _ray.available_resources().get("CPU", 0)
        why = "all CPUs of the cluster are taken" if busy else "their processes do not start"
        session = _ray._private.worker.global_worker.node.get_session_dir_path()
        return f"no worker is ready yet: {why}; Ray says more in {session}/logs"

    def wait(self, references: Sequence[Any], seconds: float) -> set[Any]:
        """Waits until a step has ended or a worker has become ready.

        Args:
            references: to what steps return.
            seconds: the longest time to wait.

        Returns:
            The references that are there, or that are lost.
        """
        expected = {worker.ready for worker in self._workers if not worker.process}
        waiting = [*references, *expected]
        ready, _ = _ray.wait(waiting, num_returns=1, timeout=seconds)
        if ready:
            ready, _ = _ray.wait(waiting, num_returns=len(waiting), timeout=0)
        for reference in expected.intersection(ready):
            self._mark_ready(reference)
        return set(ready) - expected

    def fill_up(self) -> None:
        """Starts workers until their number is the target."""
        for _ in range(self.target - len(self._workers)):
            actor = _ACTOR.remote()
            self._workers.append(Worker(actor, actor.process.remote()))

    def retire(self, worker: Worker) -> None:
        """Replaces a worker that died or hangs, unless that was done already."""
        if worker in self._workers:
            ray.kill(worker.actor)
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
            ray.kill(worker.actor)
        self._workers.clear()

    def _mark_ready(self, ready: Any) -> None:
        """Records that a worker is ready, or that it died before."""
        worker = next((w for w in self._workers if w.ready == ready), None)
        if worker is None:
            return
        try:
            worker.process = ray.get(ready)
        except ray.exceptions.RayActorError:
            self._remove(worker)

    def _remove(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self.lost += 1
        self.fill_up()
