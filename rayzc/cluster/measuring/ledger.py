"""Which client asked for what, which scores are known, and what to measure next. Decisions only: no Ray, no clock.

A *target* is a network on a batch of images; a request waits for the scores of some proxies on it. Scores that nobody
has asked for yet become a *job*; scores that are known, or part of a job already, do not.

Clients take turns by the workers' time that their *owner* has had, see :class:`Accounts`.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rayzc.measurement import Measurement

__all__ = ["MAX_DEATHS", "Accounts", "Job", "Ledger", "Target"]

MAX_DEATHS = 3
"""After this many workers died while measuring a network, it is given up. The last attempt is made with plain kernels:
the network may trigger a bug in the fast ones. The attempt before is made with these, as a worker may die for reasons
unrelated to the network, and then the scores stay the same, bit for bit."""


class Target(NamedTuple):
    """A network on a batch of images: the key by which scores are stored.

    Attributes:
        space: name of the search space.
        architecture: the encoding of what is built.
        task: the task that it is built for.
        seed: of weights and everything else that is drawn.
        batch: identity of the images.
    """

    space: str
    architecture: str
    task: str
    seed: int
    batch: str


@dataclass(eq=False, slots=True)
class Job:
    """Proxies to measure on a target in one go.

    Attributes:
        target: the network and the images.
        proxies: names; more may be added until a worker takes the job.
        taken: whether a worker has it.
        deaths: how many workers died while measuring it.
        owner: on whose account a worker has it; None while no worker does.
    """

    target: Target
    proxies: list[str]
    taken: bool = False
    deaths: int = 0
    owner: str | None = None


class Accounts:
    """How much of the workers' time each owner has used.

    Next is the owner with the fewest jobs in progress, then the one that has used the least time: so the slow
    networks of one owner use up its own share of the workers and delay nobody else.
    """

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}

    def join(self, owner: str, active: Iterable[str]) -> None:
        """Enters an owner that begins to ask, or asks again; it gets no credit for the time before.

        Args:
            owner: the owner.
            active: the owners that are waiting for something now.
        """
        least = min((self._seconds[other] for other in active), default=0.0)
        self._seconds[owner] = max(self._seconds.get(owner, 0.0), least)

    def turn(self, owner: str) -> tuple[int, float]:
        """The key to sort owners by: the first is next."""
        return self._running[owner], self._seconds[owner]

    def begin(self, owner: str) -> None:
        """Records that a worker has taken a job of the owner."""
        self._running[owner] += 1

    def end(self, owner: str, seconds: float) -> None:
        """Records that a worker has returned a job of the owner, and the seconds it took."""
        self._running[owner] -= 1
        self._seconds[owner] += seconds


_Key = tuple[str, int]
"""A request: its client, and the client's number of it."""
_NOTHING = Measurement({})


@dataclass(eq=False, slots=True)
class _Client:
    """A client's jobs in the queue, the answers it has not confirmed, and how many requests are open."""

    owner: str
    queue: deque[Job] = field(default_factory=deque)
    answers: dict[int, Measurement] = field(default_factory=dict)
    open: int = 0


class Ledger:
    """Takes requests and measurements, and hands out jobs and answers; every request is answered exactly once.

    A job that several clients wait for is in the queue of each, so nobody waits for another client's queue. A job
    that comes back goes to the front. Failures are remembered as long as the ledger lives, so that a network that
    crashes workers is not tried again for every client.

    Args:
        known: scores by proxy and target, from earlier.

    Attributes:
        counts: ``measured`` and ``failed`` jobs, ``cached`` and ``joined`` requests.
    """

    def __init__(self, known: Mapping[Target, Mapping[str, float]] | None = None) -> None:
        self._known = {target: Measurement(scores) for target, scores in (known or {}).items()}
        self._jobs: dict[Target, list[Job]] = {}
        # By target, the open requests: their proxies, and what is known of them so far.
        self._open: dict[Target, dict[_Key, tuple[tuple[str, ...], Measurement]]] = {}
        self._clients: dict[str, _Client] = {}
        self._turns: deque[str] = deque()
        self._accounts = Accounts()
        self.counts: Counter[str] = Counter()

    def ask(
        self, client: str, number: int, target: Target, proxies: Iterable[str], owner: str | None = None
    ) -> None:
        """Enters a request; it may be answered at once.

        Args:
            client: the client that asks.
            number: the client's number of the request.
            target: the network and the images.
            proxies: to measure on it.
            owner: on whose account the client asks; by default its own.
        """
        asking = self._clients.get(client)
        if asking is None:
            asking = self._clients[client] = _Client(owner or client)
            self._turns.append(client)
        if not asking.open:
            waiting = {other.owner for other in self._clients.values() if other.open}
            if asking.owner not in waiting:
                self._accounts.join(asking.owner, waiting)
        asking.open += 1
        names = tuple(proxies)
        known = self._known.get(target)
        so_far = _part(known, names) if known else _NOTHING
        unknown = _unknown(names, so_far)
        if not unknown:
            self.counts["cached"] += 1
            self._answer((client, number), replace(so_far, cached=True))
            return
        self._open.setdefault(target, {})[client, number] = names, so_far
        for job in self._jobs_for(target, unknown):
            if not job.taken and job not in asking.queue:
                asking.queue.append(job)

    def take(self) -> Job | None:
        """The next job, of the client whose turn it is; None when there is nothing to measure."""
        waiting = [client for client in self._turns if self._next_of(client) is not None]
        if not waiting:
            return None
        chosen = min(waiting, key=lambda client: self._accounts.turn(self._clients[client].owner))
        self._turns.remove(chosen)
        self._turns.append(chosen)
        job = self._clients[chosen].queue.popleft()
        job.taken, job.owner = True, self._clients[chosen].owner
        self._accounts.begin(job.owner)
        return job

    def finish(self, job: Job, measurement: Measurement) -> None:
        """Records what a worker has measured, and answers every request that it completes."""
        self.counts["measured"] += 1
        self._returned(job, measurement.seconds)
        self._record(job, measurement)

    def fail(self, job: Job, reason: str) -> None:
        """Gives up a job: all its proxies are failures."""
        self.counts["failed"] += 1
        self._returned(job)
        self._record(job, Measurement({}, dict.fromkeys(job.proxies, reason)))

    def put_back(self, job: Job) -> None:
        """Makes a job the next one, after it was lost for reasons unrelated to it."""
        self._returned(job)
        clients = dict.fromkeys(client for client, _ in self._waiting_for(job))
        if not clients:
            self._forget(job)
            return
        job.taken = False
        for client in clients:
            self._clients[client].queue.appendleft(job)

    def died(self, job: Job, reason: str) -> None:
        """Records that the worker died while measuring: the job is tried again, :data:`MAX_DEATHS` times in all."""
        job.deaths += 1
        if job.deaths >= MAX_DEATHS:
            self.fail(job, f"its worker died {job.deaths} times, so it was given up: {reason}")
        else:
            self.put_back(job)

    def answers(self, client: str) -> list[tuple[int, Measurement]]:
        """The answers that the client has not confirmed, each with the client's number of the request."""
        return list(self._clients[client].answers.items()) if client in self._clients else []

    def confirm(self, client: str, numbers: Collection[int]) -> None:
        """Records that the client has received the answers to these requests; until then they are kept for it."""
        if client in self._clients:
            confirming = self._clients[client]
            for number in numbers:
                confirming.answers.pop(number, None)
            if not confirming.answers and not confirming.open:
                self._remove(client)

    def outstanding(self, client: str | None = None) -> int:
        """How many requests of a client, or of all, are not answered."""
        if client is not None:
            return self._clients[client].open if client in self._clients else 0
        return sum(other.open for other in self._clients.values())

    def leave(self, client: str) -> None:
        """Forgets a client: what only this client asked for is not measured unless a worker has begun."""
        if client not in self._clients:
            return
        queued = list(self._clients[client].queue)
        self._remove(client)
        for target, requests in list(self._open.items()):
            staying = {key: request for key, request in requests.items() if key[0] != client}
            if staying:
                self._open[target] = staying
            else:
                del self._open[target]
        for job in queued:
            if not job.taken and not any(self._waiting_for(job)):
                self._forget(job)

    def _jobs_for(self, target: Target, proxies: tuple[str, ...]) -> list[Job]:
        """The jobs that measure these proxies: existing jobs, and a new job for the other proxies."""
        jobs = self._jobs.setdefault(target, [])
        found = [job for job in jobs if not set(proxies).isdisjoint(job.proxies)]
        if found:
            self.counts["joined"] += 1
        missing = set(proxies).difference(*(job.proxies for job in found))
        if missing:
            job = next((job for job in jobs if not job.taken), None)
            if job is None:
                job = Job(target, [])
                jobs.append(job)
            job.proxies += [name for name in proxies if name in missing]
            found.append(job)
        return list(dict.fromkeys(found))

    def _next_of(self, client: str) -> Job | None:
        """The client's next job; jobs that others took, or that nobody waits for any more, leave its queue."""
        queue = self._clients[client].queue
        while queue:
            job = queue[0]
            if not job.taken and job in self._jobs.get(job.target, ()):
                return job
            queue.popleft()
        return None

    def _returned(self, job: Job, seconds: float = 0.0) -> None:
        """Settles the account of a job that no worker has any longer."""
        if job.owner is not None:
            self._accounts.end(job.owner, seconds)
            job.owner = None

    def _record(self, job: Job, measurement: Measurement) -> None:
        """Keeps a job's scores and failures, and adds them to the requests that wait for it."""
        known, new = self._known.get(job.target), Measurement(measurement.scores, measurement.failures)
        self._known[job.target] = known.joined(new) if known else new
        for key in list(self._waiting_for(job)):
            proxies, so_far = self._open[job.target][key]
            so_far = _part(so_far.joined(measurement), proxies)
            if _unknown(proxies, so_far):
                self._open[job.target][key] = proxies, so_far
            else:
                del self._open[job.target][key]
                self._answer(key, so_far)
        self._forget(job)
        if not self._open.get(job.target, True):
            del self._open[job.target]

    def _answer(self, key: _Key, measurement: Measurement) -> None:
        client, number = key
        self._clients[client].open -= 1
        self._clients[client].answers[number] = measurement

    def _waiting_for(self, job: Job) -> Iterator[_Key]:
        """The open requests that wait for a job."""
        for key, (proxies, so_far) in self._open.get(job.target, {}).items():
            if any(name in job.proxies for name in _unknown(proxies, so_far)):
                yield key

    def _forget(self, job: Job) -> None:
        jobs = self._jobs.get(job.target, [])
        if job in jobs:
            jobs.remove(job)
        if not jobs:
            self._jobs.pop(job.target, None)

    def _remove(self, client: str) -> None:
        del self._clients[client]
        self._turns.remove(client)


def _part(measurement: Measurement, proxies: tuple[str, ...]) -> Measurement:
    """The measurement with these proxies only, in their order."""
    scores, failures = measurement.scores, measurement.failures
    return replace(
        measurement,
        scores={name: scores[name] for name in proxies if name in scores},
        failures={name: failures[name] for name in proxies if name in failures},
    )


def _unknown(proxies: tuple[str, ...], so_far: Measurement) -> tuple[str, ...]:
    """The proxies that have neither a score nor a failure."""
    return tuple(name for name in proxies if name not in so_far.scores and name not in so_far.failures)
