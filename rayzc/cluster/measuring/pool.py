"""The actor behind a pool: takes requests from any process of the cluster, and owns the workers and the images."""

import asyncio
import os
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from rayzc.cluster.measuring.batches import Batches
from rayzc.cluster.measuring.cache import ScoreCache
from rayzc.cluster.measuring.ledger import Ledger, Target
from rayzc.cluster.measuring.user_spaces import SentSpaces
from rayzc.cluster.measuring.workers import MeasuringWorkers, capacity
from rayzc.errors import ClusterError, RunError
from rayzc.measurement import Measurement, Request
from rayzc.options import Setup
from rayzc.problems import Benchmark, Shapes

__all__ = ["PoolActor", "Restarted", "Statistics"]

_SECONDS_BETWEEN_CHECKS = 2.0


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a pool has done so far.

    Attributes:
        measured: networks that workers have measured.
        cached: requests of which all was known already.
        joined: requests that waited for a measurement that another request had started or queued.
        failed: networks given up: they ended three workers or took too long, or could not be built.
        outstanding: requests without an answer yet.
        lost: workers, and pools, that died, or had to be ended, and were replaced.
        processes: process ids of the workers that are ready.
        nodes: ids of the machines that they are on, in the same order.
        measuring: the network that each is measuring now, in the same order; empty for a worker that waits.
        pool: process id of the pool itself.
    """

    measured: int = 0
    cached: int = 0
    joined: int = 0
    failed: int = 0
    outstanding: int = 0
    lost: int = 0
    processes: tuple[int, ...] = ()
    nodes: tuple[str, ...] = ()
    measuring: tuple[str, ...] = ()
    pool: int = 0

    @property
    def workers(self) -> int:
        """How many workers are ready."""
        return len(self.processes)


class Restarted:
    """The answer to a call that was made to an earlier life of the pool."""


MAX_RESTARTS = 20


@ray.remote(num_cpus=0, max_restarts=MAX_RESTARTS, max_task_retries=0)
class PoolActor:
    """Combines a ledger, workers and a cache. All its methods are coroutines of one thread.

    Where its process dies, Ray makes it again, without what it knew but for the cache: clients notice by the name of
    its life, and ask again.

    Args:
        setup: what holds for all measurements.
        device: where workers measure.
        workers: how many; None for as many as the cluster has room for, now and later.
        cache: folder of the scores to keep; None to keep none.
        versions: version of each proxy, by name.
        limit: how many requests a client may have that no worker has answered.
        shapes: the scale of networks and what they are built for.
        spaces: the user's search spaces.
        hashes: of their code, by name.
    """

    def __init__(
        self,
        setup: Setup,
        device: str,
        workers: int | None,
        cache: Path | None,
        versions: Mapping[str, str],
        limit: int,
        shapes: Shapes,
        spaces: SentSpaces,
        hashes: Mapping[str, str],
    ) -> None:
        self._spaces = spaces
        self._setup = setup
        self._shapes = shapes
        self._device = device
        self._number = workers
        self._limit = limit
        self._batches = Batches(setup)
        self._cache = ScoreCache(cache, setup, device, versions, self._shapes, hashes) if cache else None
        self._ledger = Ledger()
        self._gone: set[str] = set()
        self._life = uuid.uuid4().hex
        self._opening: asyncio.Task[None] | None = None
        self._closed = False
        self._trouble: str | None = None

    async def open(self, given: tuple[Any, Any]) -> tuple[str, list[str]]:
        """Starts the workers, unless that was done.

        Args:
            given: references to the user's proxies, and to the benchmark of a suite; that is None for the tasks of the
                search spaces.

        Returns:
            The name of its life, and warnings about the cache.
        """
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(*given))
        await asyncio.shield(self._opening)
        return self._life, self._cache.warnings if self._cache else []

    async def _is_open(self) -> bool:
        """Whether clients have opened it in this life, as they do before they ask; waits until it is ready."""
        if self._opening is None:
            return False
        await asyncio.shield(self._opening)
        return True

    async def _open(self, user_proxies: Any, benchmark: Any) -> None:
        self._benchmark: Benchmark | None = await benchmark
        if self._cache is not None:
            self._ledger = Ledger(await asyncio.to_thread(self._cache.read))
        self._change = asyncio.Event()
        self._workers = MeasuringWorkers(
            self._ledger,
            self._setup,
            self._device,
            user_proxies,
            self._batches.reference,
            self._keep,
            self._changed,
            self._shapes,
            self._spaces,
        )
        await self._resize()
        self._upkeep = asyncio.create_task(self._keep_up())

    async def ask(
        self, life: str, client: str, requests: Mapping[int, Request], owner: str | None = None
    ) -> Restarted | None:
        """Accepts requests, as many at a time as the client may have; returns when all are accepted.

        Args:
            life: the life of the pool that the client knows.
            client: the client that asks.
            requests: by the client's number, the requests; their encodings are those of what is built.
            owner: on whose account.

        Raises:
            ProxyError: the images are not there, or do not fit.
            ClusterError: no worker can be started, or the pool was closed.
        """
        if life != self._life:
            return Restarted()
        targets = {number: await self._target(request) for number, request in requests.items()}
        for number, target in targets.items():
            self._check()
            while self._ledger.outstanding(client) >= self._limit and client not in self._gone:
                await self._change.wait()
                self._check()
            if client in self._gone:
                return None
            self._ledger.ask(client, number, target, requests[number].proxies, owner)
            self._workers.wake()
        self._changed()
        return None

    async def collect(
        self, life: str, client: str, received: Collection[int], timeout: float
    ) -> Restarted | list[tuple[int, Measurement]]:
        """The client's answers, as soon as there are some; none after the time-out.

        Answers are returned again until the client says that it has them: its call may be interrupted on the way.

        Args:
            life: the life of the pool that the client knows.
            client: the client.
            received: numbers of the requests whose answers it has received.
            timeout: how long to wait, in seconds.

        Raises:
            ClusterError: no worker can be started, or the pool was closed.
        """
        if life != self._life:
            return Restarted()
        self._ledger.confirm(client, received)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not (answers := self._ledger.answers(client)) and self._ledger.outstanding(client):
            self._check()
            try:
                await asyncio.wait_for(self._change.wait(), deadline - loop.time())
            except TimeoutError:
                break
        return answers

    async def leave(self, client: str) -> None:
        """Forgets a client and what only it has asked for, for good."""
        self._gone.add(client)
        if await self._is_open():
            self._ledger.leave(client)
            self._changed()

    async def statistics(self) -> Statistics:
        """What was done so far, in this life."""
        if not await self._is_open():
            return Statistics(pool=os.getpid())
        counts, ready = self._ledger.counts, self._workers.ready
        return Statistics(
            measured=counts["measured"],
            cached=counts["cached"],
            joined=counts["joined"],
            failed=counts["failed"],
            outstanding=self._ledger.outstanding(),
            lost=self._workers.lost,
            processes=tuple(worker.process for worker in ready),
            nodes=tuple(worker.node for worker in ready),
            measuring=tuple(worker.job.target.architecture if worker.job else "" for worker in ready),
            pool=os.getpid(),
        )

    async def close(self) -> str | None:
        """Ends the workers and writes the cache.

        Returns:
            Why the cache could not be written; None if it was.
        """
        self._closed = True
        if not await self._is_open():
            return None
        self._upkeep.cancel()
        await self._workers.close()
        self._changed()
        await self._flush()
        return self._trouble

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_CHECKS)
            await self._resize()
            await self._flush()

    async def _resize(self) -> None:
        """Keeps as many workers as the user asked for, or as the cluster has room for now."""
        number = self._number
        if number is None:
            number = await asyncio.to_thread(capacity, self._setup, self._device)
        self._workers.resize(number)

    async def _target(self, request: Request) -> Target:
        task = self._shapes.task(request.space, request.task)
        shown = None if self._benchmark is None else self._benchmark.task(request.task)
        batch = await self._batches.identity(task, request.seed, shown)
        return Target(request.space, request.encoding, request.task, request.seed, batch)

    async def _flush(self) -> None:
        if self._cache is None:
            return
        try:
            await asyncio.to_thread(self._cache.flush)
            self._trouble = None
        except RunError as error:
            self._trouble = str(error)

    def _keep(self, target: Target, scores: Mapping[str, float]) -> None:
        if self._cache is not None:
            self._cache.add(target, scores)

    def _changed(self) -> None:
        """Wakes all coroutines that wait for a change."""
        self._change.set()
        self._change = asyncio.Event()

    def _check(self) -> None:
        if self._workers.broken is not None:
            raise ClusterError(f"no measuring worker can be started: {self._workers.broken}")
        if self._closed:
            raise ClusterError("the measuring pool was closed: open another with rayzc.measuring_pool")
