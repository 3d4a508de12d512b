"""A measuring pool as its clients see it: a handle that can be sent to any process of the cluster."""

import itertools
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import ray
import ray.exceptions

from rayzc.cluster.measuring.cache import canonical_encoding
from rayzc.cluster.measuring.pool import Restarted, Statistics
from rayzc.cluster.measuring.user_spaces import SentSpaces
from rayzc.errors import ClusterError, ProxyError, RayzcError, RunError, first_line, nearest
from rayzc.measurement import Measurement, Request
from rayzc.options import Setup
from rayzc.problems import Shapes

__all__ = ["MeasuringPool"]

_ray: Any = ray  # Ray does not type it

_SECONDS_PER_CALL = 5.0
_SECONDS_TO_RESTART = 120.0
_SECONDS_BETWEEN_CALLS = 0.2
_SECONDS_BETWEEN_LOOKS = 0.5


class MeasuringPool:
    """A client of a pool of measuring workers; made by :func:`rayzc.measuring_pool`.

    It can be pickled: the copy in another process, a trial of Ray Tune for instance, is another client of the same
    pool, and clients share the workers' time. While a client waits, it needs no CPU of the cluster. Each
    :meth:`measure` is a client of its own, on the account of its handle. What a client that died had asked for is
    measured nevertheless, and known when it is asked again.

    Attributes:
        setup: what holds for all measurements.
        device: where the workers measure, ``cpu`` or ``cuda``.
        proxies: version of each proxy that the pool can measure, by name.
        shapes: how large its networks are and what they are shown.
    """

    def __init__(
        self,
        actor: Any,
        setup: Setup,
        device: str,
        proxies: Mapping[str, str],
        limit: int,
        shapes: Shapes,
        given: Sequence[Any] = (),
        spaces: SentSpaces | None = None,
    ) -> None:
        # Held for the processes that this handle is sent to, which know the user's search spaces by it.
        self._spaces = spaces
        self.setup = setup
        self.shapes = shapes
        self.device = device
        self.proxies = dict(proxies)
        self._actor = actor
        # What every life of the pool is opened with. Not arguments of the actor: Ray warns of those in its store.
        self._given = tuple(given)
        self._limit = limit
        self._client = self._owner = uuid.uuid4().hex
        self._numbers = itertools.count()
        self._open: dict[int, Request] = {}
        self._received: tuple[int, ...] = ()
        self._life = ""
        self._last = Statistics()
        self._before = Statistics()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles what a new client needs; requests and answers stay with this one."""
        return type(self), self._arguments

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return (
            self._actor,
            self.setup,
            self.device,
            self.proxies,
            self._limit,
            self.shapes,
            self._given,
            self._spaces,
        )

    def measure(
        self, requests: Iterable[Request], stop: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Request, Measurement]]:
        """Measures networks, and yields each request with its measurement as they come, in any order.

        Requests are drawn from the iterable as measurements are taken, so that it may be endless: the next one is
        drawn when fewer are in progress than this client may have. What is left when the iterator is closed is not
        measured, unless others wait for it.

        Args:
            requests: what to measure.
            stop: called twice a second; where it returns true, the rest is left.

        Raises:
            SpaceError: the space, architecture or task of a request does not exist.
            ProxyError: this pool has no such proxy, or the images are not there or do not fit.
            ClusterError: the pool is gone, or can start no workers.
        """
        asking = MeasuringPool(*self._arguments)
        asking._owner, asking._life = self._owner, self._life
        rest = iter(requests)
        try:
            while not stop():
                asking.submit(itertools.islice(rest, self._limit - len(asking._open)))
                if not asking._open:
                    return
                yield from asking.answers(_SECONDS_BETWEEN_LOOKS)
        finally:
            self._life = asking._life
            asking.leave()

    def measure_all(self, requests: Sequence[Request]) -> list[Measurement]:
        """Measures networks, and returns the measurements in the order of the requests when all are there.

        Raises:
            SpaceError: as :meth:`measure`, and likewise for the others.
            ProxyError: likewise.
            ClusterError: likewise.
        """
        found = dict(self.measure(dict.fromkeys(requests)))
        return [found[request] for request in requests]

    def submit(self, requests: Iterable[Request]) -> None:
        """Asks for measurements; :meth:`answers` returns them.

        It returns when the pool has accepted all requests, and blocks while too many requests of this client are not
        measured. Measured requests do not count, even if nobody fetches their answers, so it never blocks forever.

        Raises:
            SpaceError: as for :meth:`measure`; then none of the requests was submitted.
            ProxyError: likewise.
            ClusterError: the pool is gone, or can start no workers.
        """
        submitted: dict[int, Request] = {}
        canonical: dict[int, Request] = {}
        for request in requests:
            for name in request.proxies:
                if name not in self.proxies:
                    raise ProxyError(f"the pool has no proxy '{name}'; {nearest(name, list(self.proxies))}")
            number = next(self._numbers)
            submitted[number] = request
            encoding = canonical_encoding(request, self.setup, self.shapes)
            canonical[number] = replace(request, encoding=encoding)
        if submitted:
            self._open |= submitted
            try:
                if isinstance(self._asked(canonical), Restarted):
                    self._ask_again()
            except RayzcError:
                for number in submitted:
                    self._open.pop(number, None)
                raise

    def answers(self, timeout: float | None = None) -> list[tuple[Request, Measurement]]:
        """The submitted requests that have been measured, each with its measurement.

        Args:
            timeout: seconds to wait at most; the list may be empty then. None to wait until there is at least one,
                unless nothing is outstanding.

        Raises:
            ClusterError: the pool is gone, or can start no workers.
        """
        while self._open:
            seconds = _SECONDS_PER_CALL if timeout is None else timeout
            numbered = self._collected(seconds)
            if isinstance(numbered, Restarted):
                self._ask_again()
                continue
            self._received = tuple(number for number, _ in numbered)
            if numbered or timeout is not None:
                return [(self._open.pop(number), measurement) for number, measurement in numbered]
        return []

    def open(self) -> list[str]:
        """Has the pool start its workers, unless it has; returns warnings about its cache.

        Raises:
            ClusterError: the pool is gone.
        """
        self._life, warned = self.call("open", self._given)
        return list(warned)

    def _asked(self, requests: Mapping[int, Request]) -> Restarted | None:
        if not self._life:
            self.open()
        try:
            answer: Restarted | None = self._called("ask", self._life, self._client, requests, self._owner)
        except ray.exceptions.ActorUnavailableError:
            return Restarted()
        return answer

    def _collected(self, seconds: float) -> Restarted | list[tuple[int, Measurement]]:
        try:
            answer: Restarted | list[tuple[int, Measurement]] = self._called(
                "collect", self._life, self._client, self._received, seconds
            )
        except ray.exceptions.ActorUnavailableError:
            return Restarted()
        return answer

    def _ask_again(self) -> None:
        """Asks for all that is not answered, under another name: the pool has been restarted, or missed a call."""
        restarted: Restarted | None = Restarted()
        while restarted is not None:
            left, self._client, self._received = self._client, uuid.uuid4().hex, ()
            self.open()
            self._actor.leave.remote(left)
            canonical = {
                number: replace(request, encoding=canonical_encoding(request, self.setup, self.shapes))
                for number, request in self._open.items()
            }
            restarted = self._asked(canonical)

    @property
    def outstanding(self) -> int:
        """How many requests of this handle were submitted and are not answered yet."""
        return len(self._open)

    def leave(self) -> None:
        """Withdraws the unanswered requests; networks that no other client waits for are not measured."""
        left, self._client = self._client, uuid.uuid4().hex
        waiting, self._received = bool(self._open), ()
        self._open.clear()
        # The garbage collector may close an iterator late; a call would then start a new Ray.
        if not _ray.is_initialized():
            return
        if waiting:
            with suppress(ClusterError):
                self.call("leave", left)
        else:
            self._actor.leave.remote(left)

    def statistics(self) -> Statistics:
        """What the pool has done so far, for all clients; of an earlier life, what this handle has seen.

        Raises:
            ClusterError: the pool is gone.
        """
        now: Statistics = self.call("statistics")
        if self._last.pool not in (0, now.pool):
            self._before = _sum(_sum(self._before, self._last), Statistics(lost=1))
        self._last = now
        return _sum(now, self._before)

    def close(self) -> None:
        """Ends the pool for all clients; what it has measured is in its cache.

        Raises:
            RunError: the cache could not be written.
        """
        trouble = None
        with suppress(ClusterError):
            trouble = self.call("close")
            _ray.kill(self._actor)
        if trouble:
            raise RunError(trouble)

    def close_or_say(self) -> str | None:
        """Like :meth:`close`, but returns what went wrong: results are returned even if the disk is full."""
        try:
            self.close()
        except RunError as error:
            return str(error)
        return None

    def call(self, method: str, *arguments: Any) -> Any:
        """Calls a method of the pool's actor that may be called twice; waits while the pool is being restarted.

        Args:
            method: its name.
            arguments: its arguments.

        Raises:
            ClusterError: the pool is gone for good.
            RayzcError: what the method raises.
        """
        deadline = time.monotonic() + _SECONDS_TO_RESTART
        while True:
            try:
                return self._called(method, *arguments)
            except ray.exceptions.ActorUnavailableError as error:
                if time.monotonic() > deadline:
                    raise _gone(error) from None
                time.sleep(_SECONDS_BETWEEN_CALLS)

    def _called(self, method: str, *arguments: Any) -> Any:
        try:
            return _ray.get(getattr(self._actor, method).remote(*arguments))
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, RayzcError):
                raise error.cause from None
            raise
        except ray.exceptions.ActorUnavailableError:
            raise
        except ray.exceptions.RayActorError as error:
            raise _gone(error) from None


def _gone(error: Exception) -> ClusterError:
    return ClusterError(
        "the measuring pool is gone, closed or lost with its machine: open another with the same cache, which has what "
        f"was measured ({first_line(error)})"
    )


def _sum(now: Statistics, before: Statistics) -> Statistics:
    """The statistics with the counts of earlier lives added."""
    counts = ("measured", "cached", "joined", "failed", "lost")
    return replace(now, **{name: getattr(now, name) + getattr(before, name) for name in counts})
