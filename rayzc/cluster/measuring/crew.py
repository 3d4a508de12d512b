"""The workers of a pool: started, ready, busy, lost, replaced, as many as the cluster has room for."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ray
import ray.exceptions

from rayzc.cluster.measuring.ledger import MOST_DEATHS, Job, Ledger, Target
from rayzc.cluster.measuring.request import Setup
from rayzc.cluster.measuring.worker import MeasuringWorker, Outcome

__all__ = ["Crew", "Worker", "capacity"]

# Ray types neither of the first two.
_ACTOR: Any = MeasuringWorker
_ray: Any = ray
_pause = asyncio.sleep

_MOST_REFUSALS = 3
_MOST_STILLBORN = 10
_LONGEST_PAUSE = 10.0  # seconds
_NODE_PATIENCE = 30  # seconds


def capacity(setup: Setup, device: str) -> int:
    """How many workers the cluster has room for now, at least one."""
    resources: dict[str, float] = _ray.cluster_resources()
    room = resources.get("CPU", 0.0) / setup.cpus
    if device == "cuda":
        room = min(room, resources.get("GPU", 0.0) / setup.gpus)
    return max(1, math.floor(room + 1e-6))


@dataclass(eq=False)
class Worker:
    """One actor.

    Attributes:
        actor: its handle.
        life: the task that gives it work.
        process: its process id, 0 before it is ready.
        node: the machine it is on.
        job: what it measures now.
        dismissed: whether it is one too many and leaves after its job.
    """

    actor: Any
    life: "asyncio.Task[None] | None" = None
    process: int = 0
    node: str = ""
    job: Job | None = None
    dismissed: bool = False


class Crew:
    """Keeps up a number of workers and has them do the ledger's jobs.

    Args:
        ledger: where jobs come from and outcomes go.
        setup: what holds for all measurements.
        device: where workers measure.
        proxies: reference to the proxies that are not rayzc's own; held here, for workers that come late.
        batch: gives the reference to a target's images.
        keep: takes what a worker has measured.
        changed: called whenever answers may have come, or will never come.

    Attributes:
        lost: how many workers died or had to be ended.
        broken: why no worker can be started, if that is so.
    """

    def __init__(
        self,
        ledger: Ledger,
        setup: Setup,
        device: str,
        proxies: Any,
        batch: Callable[[Target], Any],
        keep: Callable[[Target, Mapping[str, float]], None],
        changed: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._setup = setup
        self._device = device
        self._proxies = proxies
        self._batch = batch
        self._keep = keep
        self._changed = changed
        self._work = asyncio.Event()
        self._stillborn = 0
        self.workers: list[Worker] = []
        self.lost = 0
        self.broken: str | None = None

    def wake(self) -> None:
        """There may be work."""
        self._work.set()

    def resize(self, wanted: int) -> None:
        """Starts workers until there are as many as wanted, or dismisses those that are too many.

        Those go first that are not ready, then the idle; a busy one finishes its job.
        """
        staying = [worker for worker in self.workers if not worker.dismissed]
        for _ in range(wanted - len(staying)):
            if self.broken is None:
                self._start()
        staying.sort(key=lambda worker: (worker.process != 0, worker.job is not None))
        for worker in staying[: max(0, len(staying) - wanted)]:
            worker.dismissed = True
            if worker.job is None and worker.life is not None:
                worker.life.cancel()

    async def dismiss(self) -> None:
        """Ends all workers at once."""
        lives = [worker.life for worker in self.workers if worker.life is not None]
        for worker in self.workers:
            worker.dismissed = True
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)

    def _start(self) -> None:
        options: dict[str, Any] = {"num_cpus": self._setup.cpus}
        if self._device == "cuda":
            options["num_gpus"] = self._setup.gpus
        worker = Worker(_ACTOR.options(**options).remote(self._setup, self._device, self._proxies))
        self.workers.append(worker)
        worker.life = asyncio.create_task(self._live(worker))
        # A task that is cancelled before it has begun runs none of its own code, not even its last.
        worker.life.add_done_callback(lambda life: self._bury(worker))

    async def _live(self, worker: Worker) -> None:
        """The life of a worker: ready, then one job after the other."""
        if await self._greeted(worker):
            while not worker.dismissed and await self._serve(worker):
                pass

    def _bury(self, worker: Worker) -> None:
        """Ends a worker, and starts another in its place if it was not dismissed."""
        self.workers.remove(worker)
        _ray.kill(worker.actor)
        if not worker.dismissed:
            self.lost += 1
            if self.broken is None:
                self._start()

    async def _greeted(self, worker: Worker) -> bool:
        try:
            worker.process, worker.node = await worker.actor.greet.remote()
        except ray.exceptions.RayError as error:
            # Machines that come and go take starting workers with them. Only when nobody is there and one after the
            # other fails, which those do at once whose constructor raises, something is wrong with all of them.
            self._stillborn += 1
            most = _MOST_REFUSALS if "creation task" in str(error) else _MOST_STILLBORN
            if self._stillborn >= most and not any(other.process for other in self.workers):
                self.broken = _line(error)
                self._changed()
            await _pause(min(0.5 * (self._stillborn - 1), _LONGEST_PAUSE))
            return False
        self._stillborn = 0
        return True

    async def _serve(self, worker: Worker) -> bool:
        """One job; tells whether the worker lives."""
        worker.job = job = await self._next()
        try:
            outcome = await self._measured(worker, job)
            if outcome is None:
                limit = f"took longer than {self._setup.time_limit:g} s, the time limit for a network"
                self._ledger.fail(job, limit)
                return False
            self._keep(job.target, outcome.scores)
            self._ledger.finish(job, outcome.scores, outcome.failures, outcome.seconds, outcome.notes)
        except ray.exceptions.RayTaskError as error:
            self._ledger.fail(job, _line(error.cause or error))
        except ray.exceptions.RayError as error:
            if await _is_gone(worker.node, error):
                self._ledger.put_back(job)
            else:
                self._ledger.died(job, _line(error))
            return False
        except Exception as error:
            self._ledger.fail(job, f"{type(error).__name__}: {_line(error)}")
            return False
        finally:
            worker.job = None
            self._changed()
            self.wake()
        return True

    async def _measured(self, worker: Worker, job: Job) -> Outcome | None:
        """What the worker has measured; None when it took too long."""
        call = worker.actor.measure.remote(
            job.target, job.proxies, self._batch(job.target), job.deaths == MOST_DEATHS - 1
        )
        running = asyncio.ensure_future(_result(call))
        finished, _ = await asyncio.wait({running}, timeout=self._setup.time_limit)
        if finished:
            return running.result()
        # Nobody reads what becomes of it; told so, asyncio does not report it as an error that was missed.
        running.add_done_callback(lambda late: late.cancelled() or late.exception())
        return None

    async def _next(self) -> Job:
        while True:
            job = self._ledger.take()
            if job is not None:
                return job
            self._work.clear()
            await self._work.wait()


async def _result(reference: Any) -> Outcome:
    outcome: Outcome = await reference
    return outcome


async def _is_gone(node: str, error: ray.exceptions.RayError) -> bool:
    """Whether a machine has left the cluster: then its workers died of that and not of what they measured.

    A worker that cannot be reached may be on a machine that the cluster has not given up yet.
    """
    patience = _NODE_PATIENCE if isinstance(error, ray.exceptions.ActorUnavailableError) else 0
    while True:
        nodes = await asyncio.to_thread(_ray.nodes)
        if not any(one["NodeID"] == node and one["Alive"] for one in nodes):
            return True
        if patience <= 0:
            return False
        patience -= 1
        await _pause(1)


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
