"""A measuring pool as seen by those who ask: a handle that can be sent to any process of the cluster."""

import itertools
import sys
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
import ray.exceptions

from rayzc.cluster.connection import connected
from rayzc.cluster.measuring.cache import require_folder
from rayzc.cluster.measuring.ledger import Found
from rayzc.cluster.measuring.own_proxies import own_proxies, shipped, versions_of
from rayzc.cluster.measuring.pool import Order, PoolActor
from rayzc.cluster.measuring.request import Answer, Request, Setup, Statistics, built
from rayzc.errors import ClusterError, ProxyError, RayzcError, RunError, nearest

__all__ = ["MeasuringPool", "measuring_pool"]

# Ray types neither of these.
_ACTOR: Any = PoolActor
_ray: Any = ray

_PATIENCE = 5.0


class MeasuringPool:
    """Asks a pool of workers for measurements; made by :func:`measuring_pool`.

    It can be pickled: the copy in another process, a trial of Ray Tune for instance, is another client of the same
    pool, and clients share the workers' time. While one waits, it needs no CPU of the cluster's. Each :meth:`measure`
    is a client of its own, on the account of its handle. What a client that died had asked for is measured all the
    same, and known when it is asked again.

    Attributes:
        setup: what holds for all measurements.
        device: where the workers measure, ``cpu`` or ``cuda``.
        proxies: version of each proxy that can be asked for, by name.
    """

    def __init__(self, actor: Any, setup: Setup, device: str, proxies: Mapping[str, str], limit: int) -> None:
        self.setup = setup
        self.device = device
        self.proxies = dict(proxies)
        self._actor = actor
        self._limit = limit
        self._client = self._owner = uuid.uuid4().hex
        self._numbers = itertools.count()
        self._open: dict[int, Request] = {}
        self._received: tuple[int, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles what a new client needs; requests and answers stay with this one."""
        return type(self), (self._actor, self.setup, self.device, self.proxies, self._limit)

    def measure(self, requests: Iterable[Request]) -> Iterator[Answer]:
        """Measures networks, and gives the answers as they come, in any order.

        Requests are drawn from the iterable as answers are taken, so that it may be endless; the next is drawn when
        there is room, and only so many are on their way at a time. What is left when the iterator is closed is not
        measured, unless others wait for it.

        Raises:
            SpaceError: a request names no architecture or task.
            ProxyError: a request names no proxy of this pool, or the images are not there or do not fit.
            ClusterError: the pool is gone, or can start no workers.
        """
        asking = MeasuringPool(self._actor, self.setup, self.device, self.proxies, self._limit)
        asking._owner = self._owner
        rest = iter(requests)
        try:
            while True:
                asking.submit(itertools.islice(rest, self._limit - len(asking._open)))
                if not asking._open:
                    return
                yield from asking.answers()
        finally:
            asking.leave()

    def measure_all(self, requests: Sequence[Request]) -> list[Answer]:
        """Measures networks, and gives the answers in the order of the requests when all are there.

        Raises:
            SpaceError: as :meth:`measure`, and likewise for the others.
            ProxyError: likewise.
            ClusterError: likewise.
        """
        found = {answer.request: answer for answer in self.measure(dict.fromkeys(requests))}
        return [found[request] for request in requests]

    def submit(self, requests: Iterable[Request]) -> None:
        """Asks for measurements; :meth:`answers` has the answers.

        It returns when the pool has taken all requests in, and blocks while too many of this client are not
        measured: answers that nobody fetches do not count, so submitting alone never comes to a stop.

        Raises:
            SpaceError: as for :meth:`measure`; then none of the requests was submitted.
            ProxyError: likewise.
            ClusterError: the pool is gone, or can start no workers.
        """
        orders: list[Order] = []
        numbered: dict[int, Request] = {}
        for request in requests:
            for name in request.proxies:
                if name not in self.proxies:
                    raise ProxyError(f"the pool has no proxy '{name}'; {nearest(name, list(self.proxies))}")
            number = next(self._numbers)
            what = built(request, self.setup)
            orders.append((number, request.space, what, request.task, request.seed, request.proxies))
            numbered[number] = request
        if orders:
            self._open |= numbered
            try:
                self._call("ask", self._client, orders, self._owner)
            except RayzcError:
                for number in numbered:
                    self._open.pop(number, None)
                raise

    def answers(self, timeout: float | None = None) -> list[Answer]:
        """The answers to what was submitted that have come, at least one unless nothing is outstanding.

        Args:
            timeout: seconds to wait at most; the list may be empty then. None to wait as long as it takes.

        Raises:
            ClusterError: the pool is gone, or can start no workers.
        """
        while self._open:
            patience = _PATIENCE if timeout is None else timeout
            found: list[Found] = self._call("collect", self._client, self._received, patience)
            self._received = tuple(one.number for one in found)
            if found or timeout is not None:
                return [self._answer(one) for one in found]
        return []

    @property
    def outstanding(self) -> int:
        """How many requests of this handle were submitted and not answered yet."""
        return len(self._open)

    def leave(self) -> None:
        """Gives up what was submitted and not answered; what nobody else waits for is not measured."""
        left, self._client = self._client, uuid.uuid4().hex
        waiting, self._received = bool(self._open), ()
        self._open.clear()
        # An iterator may be closed late, by the garbage collector; a call would start a Ray where none is any more.
        if not _ray.is_initialized():
            return
        if waiting:
            with suppress(ClusterError):
                self._call("leave", left)
        else:
            self._actor.leave.remote(left)

    def statistics(self) -> Statistics:
        """What the pool has done so far, for all clients.

        Raises:
            ClusterError: the pool is gone.
        """
        statistics: Statistics = self._call("statistics")
        return statistics

    def close(self) -> None:
        """Ends the pool for all clients; what it has measured is in its cache.

        Raises:
            RunError: the cache could not be written.
        """
        trouble = None
        with suppress(ClusterError):
            trouble = self._call("close")
            _ray.kill(self._actor)
        if trouble:
            raise RunError(trouble)

    def _answer(self, found: Found) -> Answer:
        request = self._open.pop(found.number)
        return Answer(request, found.scores, found.failures, found.seconds, found.cached, found.notes)

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            return _ray.get(getattr(self._actor, method).remote(*arguments))
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, RayzcError):
                raise error.cause from None
            raise
        except ray.exceptions.RayActorError as error:
            reason = (str(error).splitlines() or ["it died"])[0]
            raise ClusterError(
                "the measuring pool is gone, closed or lost with its machine: open it again with the same cache, which "
                f"has what was measured ({reason})"
            ) from None


@contextmanager
def measuring_pool(
    setup: Setup | None = None,
    workers: int | None = None,
    cache: str | Path | None = None,
    *,
    address: str | None = None,
    outstanding: int = 256,
) -> Iterator[MeasuringPool]:
    """Opens a pool of workers that measure networks, for the length of the block.

    Proxies that were registered in this process with ``@rayzc.proxy`` go to the workers. The pool's actor is on the
    machine of the caller, so that cache and images are files of that machine.

    Args:
        setup: what holds for all measurements.
        workers: how many; by default as many as the cluster has room for, now and later.
        cache: folder of scores that are kept from one pool to the next; by default they are kept for this one only.
        address: of the Ray cluster, see :func:`rayzc.cluster.connected`.
        outstanding: how many requests a client may have on their way.

    Raises:
        ClusterError: no Ray cluster, or no workers in it.
        RunError: the cache is none, or could not be written in the end.
    """
    if outstanding < 1:
        raise ClusterError(f"a client may have {outstanding} requests on their way: give at least 1")
    if workers is not None and workers < 1:
        raise ClusterError(f"a pool of {workers} workers measures nothing: give at least 1")
    setup = _absolute(setup or Setup())
    folder = Path(cache).resolve() if cache is not None else None
    if folder is not None:
        require_folder(folder)
    with connected(address, workers):
        device = _device(setup)
        versions, own = versions_of(), own_proxies()
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        with shipped(own) as reference:
            actor = _ACTOR.options(scheduling_strategy=here).remote(
                setup, device, workers, folder, versions, [reference], outstanding
            )
            pool = MeasuringPool(actor, setup, device, versions, outstanding)
            try:
                for text in pool._call("open"):
                    warnings.warn(text, stacklevel=3)
                yield pool
            finally:
                broken = sys.exc_info()[0] is not None
                try:
                    pool.close()
                except RunError:
                    if not broken:
                        raise


def _absolute(setup: Setup) -> Setup:
    """The setup with files as any process of this machine finds them."""
    images = setup.images
    if images is not None and (images.endswith(".npz") or Path(images).exists()):
        images = str(Path(images).resolve())
    return setup.replaced(images=images, data=str(Path(setup.data).resolve()))


def _device(setup: Setup) -> str:
    """Where workers measure.

    Raises:
        ClusterError: GPUs are wanted, and the cluster has none.
    """
    has_gpus = _ray.cluster_resources().get("GPU", 0) > 0
    if setup.device == "cuda" and not has_gpus:
        raise ClusterError("the cluster has no GPU: leave the device out, or say cpu")
    return setup.device or ("cuda" if has_gpus else "cpu")
