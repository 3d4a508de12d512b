"""Who has asked for what, what is known, and what to measure next. No Ray, no clock: decisions only.

A *target* is a network on a batch; a *cell* is one proxy of it. A request waits for its cells. Cells that nobody
has asked for yet become a *job*; cells that are known, or part of a job already, do not.

Clients take turns by the workers' time that their *owner* has had, see :mod:`rayzc.cluster.measuring.accounts`.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rayzc.cluster.measuring.accounts import Accounts

__all__ = ["MOST_DEATHS", "Found", "Job", "Ledger", "Target"]

MOST_DEATHS = 3
"""A network during which so many workers died is given up. The last attempt is made with plain kernels: the network
may have met a fault of the fast ones. The one before it is not, as a worker may die through no fault of the network's,
and then the scores stay the same, bit for bit."""


class Target(NamedTuple):
    """A network on a batch.

    Attributes:
        space: name of the search space.
        architecture: the encoding of what is built.
        task: what it is built for.
        seed: where weights and everything else that is drawn come from.
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
        target: the network.
        proxies: names; they may become more until a worker takes the job.
        taken: whether a worker has it.
        deaths: how many workers died over it.
        owner: on whose account a worker has it; None while none has.
    """

    target: Target
    proxies: list[str]
    taken: bool = False
    deaths: int = 0
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a request came to, see :class:`rayzc.cluster.measuring.Answer`.

    Attributes:
        number: the client's number of the request.
        scores: by proxy.
        failures: reasons by proxy.
        seconds: how long the jobs took that it waited for.
        cached: whether it waited for none.
        notes: of the measurements.
    """

    number: int
    scores: Mapping[str, float]
    failures: Mapping[str, str]
    seconds: float
    cached: bool
    notes: tuple[str, ...]


@dataclass(eq=False, slots=True)
class _Ticket:
    """A request that waits."""

    client: str
    number: int
    target: Target
    proxies: tuple[str, ...]
    open: set[str]
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class _Client:
    """A client's jobs in the queue, the answers it has not confirmed, and how many requests are open."""

    owner: str
    queue: deque[Job] = field(default_factory=deque)
    found: list[Found] = field(default_factory=list)
    open: int = 0


class Ledger:
    """Requests in, jobs out, outcomes in, answers out; every request is answered exactly once.

    A job that several clients wait for stands in the queue of each, so nobody waits for another's queue. A job
    that comes back goes to the front. Failures are remembered as long as the ledger lives, so that a network that
    ends workers is not tried again for everyone who asks.

    Args:
        known: scores by proxy and target, from earlier.

    Attributes:
        counts: ``measured``, ``failed`` (jobs), ``cached``, ``joined`` (requests).
    """

    def __init__(self, known: Mapping[Target, Mapping[str, float]] | None = None) -> None:
        self._scores = {target: dict(scores) for target, scores in (known or {}).items()}
        self._failures: dict[Target, dict[str, str]] = {}
        self._jobs: dict[Target, list[Job]] = {}
        self._tickets: dict[Target, list[_Ticket]] = {}
        self._clients: dict[str, _Client] = {}
        self._turns: deque[str] = deque()
        self._accounts = Accounts()
        self.counts: Counter[str] = Counter()

    def ask(
        self, client: str, number: int, target: Target, proxies: Iterable[str], owner: str | None = None
    ) -> None:
        """Enters a request; its answer may be there at once.

        Args:
            client: who asks.
            number: the client's number of the request.
            target: the network.
            proxies: to measure on it.
            owner: on whose account the client asks; by default its own.
        """
        asking = self._clients.get(client)
        if asking is None:
            asking = self._clients[client] = _Client(owner or client)
            self._turns.append(client)
        if not asking.open:
            waiting = {one.owner for one in self._clients.values() if one.open}
            if asking.owner not in waiting:
                self._accounts.join(asking.owner, waiting)
        wanted = tuple(proxies)
        known = self._scores.get(target, {}).keys() | self._failures.get(target, {}).keys()
        ticket = _Ticket(client, number, target, wanted, {name for name in wanted if name not in known})
        asking.open += 1
        if not ticket.open:
            self.counts["cached"] += 1
            self._answer(ticket, cached=True)
            return
        self._tickets.setdefault(target, []).append(ticket)
        jobs = self._jobs.setdefault(target, [])
        shared = [job for job in jobs if not ticket.open.isdisjoint(job.proxies)]
        if shared:
            self.counts["joined"] += 1
        missing = ticket.open.difference(*(job.proxies for job in shared))
        new = [name for name in wanted if name in missing]
        if new:
            job = next((job for job in jobs if not job.taken), None)
            if job is None:
                job = Job(target, [])
                jobs.append(job)
            job.proxies += new
            shared.append(job)
        for job in dict.fromkeys(shared):
            if not job.taken and job not in asking.queue:
                asking.queue.append(job)

    def take(self) -> Job | None:
        """The next job, of the client whose turn it is; None when nothing is to be done."""
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

    def finish(
        self,
        job: Job,
        scores: Mapping[str, float],
        failures: Mapping[str, str],
        seconds: float,
        notes: Iterable[str] = (),
    ) -> None:
        """A worker has done a job: answers every request that this completes."""
        self.counts["measured"] += 1
        self._returned(job, seconds)
        self._settle(job, scores, failures, seconds, tuple(notes))

    def fail(self, job: Job, reason: str) -> None:
        """A job is given up: all its proxies are failures."""
        self.counts["failed"] += 1
        self._returned(job)
        self._settle(job, {}, dict.fromkeys(job.proxies, reason), 0.0, ())

    def put_back(self, job: Job) -> None:
        """A job was lost through no fault of its own; it is next."""
        self._returned(job)
        waiting = dict.fromkeys(ticket.client for ticket in self._waiting_for(job))
        if not waiting:
            self._forget(job)
            return
        job.taken = False
        for client in waiting:
            self._clients[client].queue.appendleft(job)

    def died(self, job: Job, reason: str) -> None:
        """The worker died over a job: it is tried again, but not for ever."""
        job.deaths += 1
        if job.deaths >= MOST_DEATHS:
            self.fail(job, f"ended its worker {job.deaths} times, given up: {reason}")
        else:
            self.put_back(job)

    def answers(self, client: str) -> list[Found]:
        """The client's answers that it has not confirmed."""
        return list(self._clients[client].found) if client in self._clients else []

    def confirm(self, client: str, numbers: Collection[int]) -> None:
        """The client has received the answers to these requests; until then they are kept for it."""
        if client in self._clients:
            asking = self._clients[client]
            asking.found = [found for found in asking.found if found.number not in numbers]
            if not asking.found and not asking.open:
                self._remove(client)

    def outstanding(self, client: str | None = None) -> int:
        """How many requests of a client, or of all, are not answered."""
        if client is not None:
            return self._clients[client].open if client in self._clients else 0
        return sum(one.open for one in self._clients.values())

    def leave(self, client: str) -> None:
        """Forgets a client: what only it has asked for and no worker has begun is not measured any more."""
        if client not in self._clients:
            return
        queued = list(self._clients[client].queue)
        self._remove(client)
        for target, tickets in list(self._tickets.items()):
            staying = [ticket for ticket in tickets if ticket.client != client]
            if staying:
                self._tickets[target] = staying
            else:
                del self._tickets[target]
        for job in queued:
            if not job.taken and not self._waiting_for(job):
                self._forget(job)

    def _next_of(self, client: str) -> Job | None:
        """The client's next job; those that others took or that nobody wants any more leave its queue."""
        queue = self._clients[client].queue
        while queue:
            job = queue[0]
            if not job.taken and job in self._jobs.get(job.target, ()):
                return job
            queue.popleft()
        return None

    def _returned(self, job: Job, seconds: float = 0.0) -> None:
        """A worker has a job no longer."""
        if job.owner is not None:
            self._accounts.end(job.owner, seconds)
            job.owner = None

    def _settle(
        self,
        job: Job,
        scores: Mapping[str, float],
        failures: Mapping[str, str],
        seconds: float,
        notes: tuple[str, ...],
    ) -> None:
        target = job.target
        self._forget(job)
        self._scores.setdefault(target, {}).update(scores)
        self._failures.setdefault(target, {}).update(failures)
        waiting = []
        for ticket in self._tickets.pop(target, []):
            if not ticket.open.isdisjoint(job.proxies):
                ticket.open.difference_update(job.proxies)
                ticket.seconds += seconds
                ticket.notes += notes
            if ticket.open:
                waiting.append(ticket)
            else:
                self._answer(ticket, cached=False)
        if waiting:
            self._tickets[target] = waiting

    def _answer(self, ticket: _Ticket, cached: bool) -> None:
        scores = self._scores.get(ticket.target, {})
        failures = self._failures.get(ticket.target, {})
        client = self._clients[ticket.client]
        client.open -= 1
        client.found.append(
            Found(
                ticket.number,
                {name: scores[name] for name in ticket.proxies if name in scores},
                {name: failures[name] for name in ticket.proxies if name not in scores},
                ticket.seconds,
                cached,
                tuple(dict.fromkeys(ticket.notes)),
            )
        )

    def _waiting_for(self, job: Job) -> list[_Ticket]:
        return [t for t in self._tickets.get(job.target, []) if not t.open.isdisjoint(job.proxies)]

    def _forget(self, job: Job) -> None:
        jobs = self._jobs.get(job.target, [])
        if job in jobs:
            jobs.remove(job)
        if not jobs:
            self._jobs.pop(job.target, None)

    def _remove(self, client: str) -> None:
        del self._clients[client]
        self._turns.remove(client)
