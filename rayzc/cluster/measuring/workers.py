"""The workers of a pool: the actor that measures networks, and how the number of actors is maintained."""

import asyncio
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import ray
import ray.exceptions

from rayzc.cluster.measuring.ledger import MAX_DEATHS, Job, Ledger, Target
from rayzc.cluster.measuring.user_proxies import register
from rayzc.cluster.measuring.user_spaces import SentSpaces
from rayzc.errors import first_line
from rayzc.measurement import Measurement, Request
from rayzc.options import Setup
from rayzc.problems import Shapes

__all__ = ["PLAIN_KERNELS", "MeasuringWorker", "MeasuringWorkers", "Worker", "capacity"]

PLAIN_KERNELS = (
    "measured without oneDNN and in channels-first layout, after workers with the fast kernels died"
)

_MAX_REFUSED_STARTS = 3
_MAX_FAILED_STARTS = 10
_LONGEST_PAUSE = 10.0  # seconds
_SECONDS_FOR_A_MACHINE = 30


@ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)
class MeasuringWorker:
    """Measures networks, one at a time. It is stateless: each call brings all that it needs.

    Args:
        setup: what holds for all measurements.
        device: where to measure.
        proxies: the user's proxies, by name.
        shapes: how large networks are and what they are shown.
        spaces: the user's search spaces, known by name as they arrive.
    """

    def __init__(
        self, setup: Setup, device: str, proxies: Mapping[str, Any], shapes: Shapes, spaces: SentSpaces
    ) -> None:
        from rayzc.proxies.architectures import one_thread

        one_thread(device, setup.gpus)
        register(proxies)
        self._setup = setup
        self._device = device
        self._shapes = shapes

    def identify(self) -> tuple[int, str]:
        """The process id and the node's id; it answers once the worker is ready."""
        return os.getpid(), ray.get_runtime_context().get_node_id()

    def measure(self, request: Request, batch: Any, plain_kernels: bool = False) -> Measurement:
        """Measures a network.

        Args:
            request: what to measure; its encoding is built as it is.
            batch: images ``(images, ...)`` and labels ``(images,)`` as arrays; None for random ones.
            plain_kernels: see :func:`rayzc.proxies.measure_detailed`.

        Returns:
            The measurement; its seconds include building the network.
        """
        from rayzc.proxies.architectures import measure_architecture

        begin = time.perf_counter()
        width, depth = self._shapes.scale(request.space, self._setup.width, self._setup.depth)
        measured = measure_architecture(
            request,
            # What comes from the object store is read-only, and torch needs memory that it may write to.
            batch=self._setup.batch if batch is None else (batch[0].copy(), batch[1].copy()),
            width=width,
            depth=depth,
            task=self._shapes.task(request.space, request.task),
            device=self._device,
            plain_kernels=plain_kernels,
        )
        notes = (*measured.notes, PLAIN_KERNELS) if plain_kernels else measured.notes
        return replace(measured, seconds=time.perf_counter() - begin, notes=notes)


# Ray types neither of the first two.
_ACTOR: Any = MeasuringWorker
_ray: Any = ray
_pause = asyncio.sleep


def capacity(setup: Setup, device: str) -> int:
    """How many workers the cluster has room for now, at least one."""
    resources: dict[str, float] = _ray.cluster_resources()
    room = resources.get("CPU", 0.0) / setup.cpus
    if device == "cuda":
        room = min(room, resources.get("GPU", 0.0) / setup.gpus)
    return max(1, math.floor(room + 1e-6))


@dataclass(eq=False)
class Worker:
    """A worker as the pool sees it.

    Attributes:
        actor: its handle.
        task: the asyncio task that starts it and hands it its jobs.
        process: its process id, 0 before it is ready.
        node: the machine it is on.
        job: what it measures now.
        leaving: whether it is no longer needed and leaves after its job.
    """

    actor: Any
    task: "asyncio.Task[None] | None" = None
    process: int = 0
    node: str = ""
    job: Job | None = None
    leaving: bool = False


class MeasuringWorkers:
    """Maintains the workers that do the ledger's jobs: starts them, replaces dead ones, ends those not needed.

    Args:
        ledger: hands out jobs and takes measurements.
        setup: what holds for all measurements.
        device: where workers measure.
        proxies: reference to the user's proxies; held here, for workers that start later.
        batch: returns the reference to a batch of an identity.
        keep: called with what a worker has measured.
        changed: called whenever answers may have come, or will never come.
        shapes: how large networks are and what they are shown.
        spaces: the user's search spaces, for workers that start later.

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
        batch: Callable[[str], Any],
        keep: Callable[[Target, Mapping[str, float]], None],
        changed: Callable[[], None],
        shapes: Shapes,
        spaces: SentSpaces,
    ) -> None:
        self._spaces = spaces
        self._ledger = ledger
        self._setup = setup
        self._device = device
        self._proxies = proxies
        self._batch = batch
        self._keep = keep
        self._changed = changed
        self._shapes = shapes
        self._work = asyncio.Event()
        self._failed_starts = 0
        self.workers: list[Worker] = []
        self.lost = 0
        self.broken: str | None = None

    @property
    def ready(self) -> list[Worker]:
        """The workers that have started."""
        return [worker for worker in self.workers if worker.process]

    def wake(self) -> None:
        """Has idle workers look for jobs."""
        self._work.set()

    def resize(self, number: int) -> None:
        """Starts workers up to this number, or dismisses those that are not needed.

        Those that are not ready leave first, then the idle; a busy worker finishes its job.
        """
        staying = [worker for worker in self.workers if not worker.leaving]
        for _ in range(number - len(staying)):
            if self.broken is None:
                self._start()
        staying.sort(key=lambda worker: (worker.process != 0, worker.job is not None))
        for worker in staying[: max(0, len(staying) - number)]:
            worker.leaving = True
            if worker.job is None and worker.task is not None:
                worker.task.cancel()

    async def close(self) -> None:
        """Ends all workers at once."""
        tasks = [worker.task for worker in self.workers if worker.task is not None]
        for worker in self.workers:
            worker.leaving = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self) -> None:
        options: dict[str, Any] = {"num_cpus": self._setup.cpus}
        if self._device == "cuda":
            options["num_gpus"] = self._setup.gpus
        worker = Worker(
            _ACTOR.options(**options).remote(
                self._setup, self._device, self._proxies, self._shapes, self._spaces
            )
        )
        self.workers.append(worker)
        worker.task = asyncio.create_task(self._run(worker))
        # A task that is cancelled before it has begun runs none of its own code, not even a finally.
        worker.task.add_done_callback(lambda task: self._retire(worker))

    async def _run(self, worker: Worker) -> None:
        """Waits until a worker is ready, then hands it one job after the other."""
        if await self._started(worker):
            while not worker.leaving and await self._serve(worker):
                pass

    def _retire(self, worker: Worker) -> None:
        """Ends a worker's process, and starts another in its place if it was needed."""
        self.workers.remove(worker)
        _ray.kill(worker.actor)
        if not worker.leaving:
            self.lost += 1
            if self.broken is None:
                self._start()

    async def _started(self, worker: Worker) -> bool:
        """Whether a worker could be started."""
        try:
            worker.process, worker.node = await worker.actor.identify.remote()
        except ray.exceptions.RayError as error:
            # A machine that leaves the cluster takes its starting workers with it. Only if there is no worker and start
            # after start fails, which happens at once if the constructor raises, no worker can be started.
            self._failed_starts += 1
            limit = _MAX_REFUSED_STARTS if "creation task" in str(error) else _MAX_FAILED_STARTS
            if self._failed_starts >= limit and not self.ready:
                self.broken = first_line(error)
                self._changed()
            await _pause(min(0.5 * (self._failed_starts - 1), _LONGEST_PAUSE))
            return False
        self._failed_starts = 0
        return True

    async def _serve(self, worker: Worker) -> bool:
        """Has a worker do one job, and returns whether the worker is still alive."""
        worker.job = job = await self._next_job()
        try:
            measurement = await self._measured(worker, job)
            if measurement is None:
                limit = f"took longer than {self._setup.time_limit:g} s, the time limit for a network"
                self._ledger.fail(job, limit)
                return False
            self._keep(job.target, measurement.scores)
            self._ledger.finish(job, measurement)
        except ray.exceptions.RayTaskError as error:
            self._ledger.fail(job, first_line(error.cause or error))
        except ray.exceptions.RayError as error:
            if await _is_gone(worker.node, error):
                self._ledger.put_back(job)
            else:
                self._ledger.died(job, first_line(error))
            return False
        except Exception as error:
            self._ledger.fail(job, f"{type(error).__name__}: {first_line(error)}")
            return False
        finally:
            worker.job = None
            self._changed()
            self.wake()
        return True

    async def _measured(self, worker: Worker, job: Job) -> Measurement | None:
        """What the worker has measured; None when it took too long."""
        space, architecture, task, seed, batch = job.target
        request = Request(space, architecture, task, tuple(job.proxies), seed)
        last_attempt = job.deaths == MAX_DEATHS - 1
        call = worker.actor.measure.remote(request, self._batch(batch), last_attempt)
        running = asyncio.ensure_future(_result(call))
        finished, _ = await asyncio.wait({running}, timeout=self._setup.time_limit)
        if finished:
            return running.result()
        # Nobody reads the late result; looking at its exception keeps asyncio from reporting it as missed.
        running.add_done_callback(lambda late: late.cancelled() or late.exception())
        return None

    async def _next_job(self) -> Job:
        while True:
            job = self._ledger.take()
            if job is not None:
                return job
            self._work.clear()
            await self._work.wait()


async def _result(reference: Any) -> Measurement:
    measurement: Measurement = await reference
    return measurement


async def _is_gone(node: str, error: ray.exceptions.RayError) -> bool:
    """Whether a machine has left the cluster: then its workers died of that and not of what they measured.

    A worker that cannot be reached may be on a machine that the cluster has not given up yet.
    """
    waits = _SECONDS_FOR_A_MACHINE if isinstance(error, ray.exceptions.ActorUnavailableError) else 0
    while True:
        nodes = await asyncio.to_thread(_ray.nodes)
        if not any(other["NodeID"] == node and other["Alive"] for other in nodes):
            return True
        if waits <= 0:
            return False
        waits -= 1
        await _pause(1)
