"""The actor that a pool is: it takes requests from any process of the cluster, and owns the workers."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import ray

from rayzc.cluster.measuring.batches import Batches
from rayzc.cluster.measuring.cache import ScoreCache
from rayzc.cluster.measuring.crew import Crew, capacity
from rayzc.cluster.measuring.ledger import Found, Ledger, Target
from rayzc.cluster.measuring.request import Setup, Statistics
from rayzc.errors import ClusterError, RunError
from rayzc.spaces import search_space

__all__ = ["Order", "PoolActor"]

Order = tuple[int, str, str, str, int, tuple[str, ...]]
"""A request as it travels: number, space, what is built, task, seed, proxies."""

_LOOK_SECONDS = 2.0


@ray.remote(num_cpus=0, max_restarts=0, max_task_retries=0)
class PoolActor:
    """A ledger, a crew and a cache behind one door. All its methods are coroutines of one thread.

    Args:
        setup: what holds for all measurements.
        device: where workers measure.
        workers: how many; None for as many as the cluster has room for, now and later.
        cache: folder of the scores to keep; None to keep none.
        versions: version by proxy.
        proxies: a list of one reference, to the proxies that are not rayzc's own.
        limit: how many requests a client may have that no worker has answered.
    """

    def __init__(
        self,
        setup: Setup,
        device: str,
        workers: int | None,
        cache: Path | None,
        versions: Mapping[str, str],
        proxies: list[Any],
        limit: int,
    ) -> None:
        self._setup = setup
        self._device = device
        self._wanted = workers
        self._limit = limit
        self._batches = Batches(setup)
        self._cache = ScoreCache(cache, setup, device, versions) if cache else None
        self._ledger = Ledger()
        self._reference = proxies[0]
        self._gone: set[str] = set()
        self._closed = False
        self._trouble: str | None = None

    async def open(self) -> list[str]:
        """Starts the workers; gives what there is to be warned of."""
        if self._cache is not None:
            self._ledger = Ledger(await asyncio.to_thread(self._cache.read))
        self._bell = asyncio.Event()
        self._crew = Crew(
            self._ledger, self._setup, self._device, self._reference, self._batch, self._keep, self._ring
        )
        await self._look()
        self._watch = asyncio.create_task(self._keep_watch())
        return self._cache.warnings if self._cache else []

    async def ask(self, client: str, orders: Sequence[Order], owner: str | None = None) -> None:
        """Takes requests in, as many at a time as the client may have; returns when all are in.

        Raises:
            ProxyError: the images are not there, or do not fit.
            ClusterError: there are no workers.
        """
        targets = [
            Target(
                space,
                architecture,
                task,
                seed,
                await self._batches.identity(search_space(space).tasks[task], seed),
            )
            for _, space, architecture, task, seed, _ in orders
        ]
        for (number, *_, proxies), target in zip(orders, targets, strict=True):
            self._check()
            while self._ledger.outstanding(client) >= self._limit and client not in self._gone:
                await self._bell.wait()
                self._check()
            if client in self._gone:
                return
            self._ledger.ask(client, number, target, proxies, owner)
            self._crew.wake()
        self._ring()

    async def collect(self, client: str, received: Collection[int], patience: float) -> list[Found]:
        """The client's answers, when there are some, or after so many seconds none.

        Answers are given again until the client says that it has them: its call may be interrupted on the way.

        Args:
            client: who asks.
            received: numbers of the requests whose answers it has got.
            patience: how long to wait, in seconds.

        Raises:
            ClusterError: there are no workers.
        """
        self._ledger.confirm(client, received)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while not (found := self._ledger.answers(client)) and self._ledger.outstanding(client):
            self._check()
            try:
                await asyncio.wait_for(self._bell.wait(), deadline - loop.time())
            except TimeoutError:
                break
        return found

    async def leave(self, client: str) -> None:
        """Forgets a client and what only it has asked for, for good."""
        self._gone.add(client)
        self._ledger.leave(client)
        self._ring()

    async def statistics(self) -> Statistics:
        """What was done so far."""
        counts, ready = self._ledger.counts, [w for w in self._crew.workers if w.process]
        return Statistics(
            measured=counts["measured"],
            cached=counts["cached"],
            joined=counts["joined"],
            failed=counts["failed"],
            outstanding=self._ledger.outstanding(),
            lost=self._crew.lost,
            processes=tuple(worker.process for worker in ready),
            nodes=tuple(worker.node for worker in ready),
            measuring=tuple(worker.job.target.architecture if worker.job else "" for worker in ready),
        )

    async def close(self) -> str | None:
        """Ends the workers and writes what is to be kept; gives the reason if that was not possible."""
        self._closed = True
        self._watch.cancel()
        await self._crew.dismiss()
        self._ring()
        await self._flush()
        return self._trouble

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._look()
            await self._flush()

    async def _look(self) -> None:
        """Has as many workers as wanted, or as the cluster has room for now."""
        wanted = self._wanted
        if wanted is None:
            wanted = await asyncio.to_thread(capacity, self._setup, self._device)
        self._crew.resize(wanted)

    async def _flush(self) -> None:
        if self._cache is None:
            return
        try:
            await asyncio.to_thread(self._cache.flush)
            self._trouble = None
        except RunError as error:
            self._trouble = str(error)

    def _batch(self, target: Target) -> Any:
        return self._batches.reference(target.batch)

    def _keep(self, target: Target, scores: Mapping[str, float]) -> None:
        if self._cache is not None:
            self._cache.add(target, scores)

    def _ring(self) -> None:
        """Wakes all who wait for a change."""
        self._bell.set()
        self._bell = asyncio.Event()

    def _check(self) -> None:
        if self._crew.broken is not None:
            raise ClusterError(f"no measuring worker can be started: {self._crew.broken}")
        if self._closed:
            raise ClusterError("the measuring pool was closed: open one with rayzc.measuring_pool")
