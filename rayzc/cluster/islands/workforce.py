"""The workers that are there: started, ready, busy, lost, replaced."""

from dataclasses import dataclass
from typing import Any

import ray
import ray.exceptions

from rayzc.cluster.islands.worker import IslandWorker
from rayzc.evolution import Settings

__all__ = ["Worker", "Workforce"]

# Ray types neither of these.
_ACTOR: Any = IslandWorker
_resources: Any = ray.cluster_resources


@dataclass(eq=False)
class Worker:
    """One actor.

    Attributes:
        actor: its handle.
        ready: resolves to its process id once it can work.
        process: its process id, 0 before it is ready.
        load: how many tasks it has been given and not finished.
    """

    actor: Any
    ready: Any
    process: int = 0
    load: int = 0


class Workforce:
    """Keeps up a number of workers: the dead are replaced, and a cluster that grows is used.

    Args:
        tables: reference to the tables; held here, so that a worker that comes late finds them.
        settings: the choices of the breeding.
        wanted: how many workers; by default as many as the cluster has CPUs, now and later. There are never more
            than islands.
    """

    def __init__(self, tables: Any, settings: Settings, wanted: int | None) -> None:
        self._tables = tables
        self._settings = settings
        self._wanted = wanted
        self._workers: list[Worker] = []
        self.lost = 0
        self.recruit()

    @property
    def wanted(self) -> int:
        """How many workers there should be: each island keeps one busy at most."""
        wanted = self._wanted or max(1, int(_resources().get("CPU", 1)))
        return min(wanted, self._settings.islands)

    @property
    def ready(self) -> list[Worker]:
        """The workers that can be given work."""
        return [worker for worker in self._workers if worker.process]

    @property
    def expected(self) -> list[Any]:
        """References that resolve when a worker becomes ready."""
        return [worker.ready for worker in self._workers if not worker.process]

    def recruit(self) -> None:
        """Starts workers until there are as many as wanted."""
        for _ in range(self.wanted - len(self._workers)):
            actor = _ACTOR.remote(self._tables, self._settings)
            self._workers.append(Worker(actor, actor.process.remote()))

    def welcome(self, ready: Any) -> None:
        """A worker became ready, or died before it was."""
        worker = next((w for w in self._workers if w.ready == ready), None)
        if worker is None:
            return
        try:
            worker.process = ray.get(ready)
        except ray.exceptions.RayActorError:
            self._remove(worker)

    def bury(self, worker: Worker) -> bool:
        """Replaces a worker that may be dead; tells whether it was one of ours until now."""
        if worker not in self._workers:
            return False
        self._remove(worker)
        return True

    def dismiss(self) -> None:
        """Ends all workers."""
        for worker in self._workers:
            ray.kill(worker.actor)
        self._workers.clear()

    def _remove(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self.lost += 1
        self.recruit()
