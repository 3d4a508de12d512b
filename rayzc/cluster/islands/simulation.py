"""A discovery on a cluster of any size, simulated: the driver's own code, with recorded steps in the place of workers.

Time is virtual. It passes as the driver computes, by what each call of Ray costs, and, where the driver waits, up to
the moment when the next step ends: so a driver that is too slow for its workers leaves them idle here, too. Steps take
as long as they took when they were recorded, and return what they returned.
"""

import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rayzc.cluster.islands.backend import Backend
from rayzc.cluster.islands.breeding import DiscoveryRun, breed
from rayzc.cluster.islands.files import RunFiles, warn_by_default
from rayzc.cluster.islands.recording import Recording, Step
from rayzc.cluster.islands.workers import IslandWorkers, Kept, Report, kept
from rayzc.evolution import Island
from rayzc.options import Limits, Settings
from rayzc.problems import Suite
from rayzc.runs import DiscoverConfig, RunFolder
from rayzc.version import __version__

__all__ = ["Costs", "Occupation", "SimulatedCluster", "simulate"]


@dataclass(frozen=True)
class Costs:
    """What calls of Ray cost the driver, seconds.

    Attributes:
        submit: one call of a worker.
        get: one value that is there, without unpickling it.
        wait: one wait, whatever for.
        wait_each: what each reference adds to a wait.
        latency: from a call to the begin of its step on an idle worker.
        keep: from a call that writes out an island to its answer, beside a step.
    """

    submit: float
    get: float
    wait: float
    wait_each: float
    latency: float
    keep: float


@dataclass(eq=False, slots=True)
class _Reference:
    """What stands for Ray's reference: when the value is there, how it is made, and of which island and epoch it is."""

    there: float
    value: Callable[[], Any]
    island: tuple[int, int] = (0, 0)


@dataclass(eq=False)
class _Actor:
    """A simulated worker: it takes its steps in the order in which they were handed out."""

    cluster: "SimulatedCluster"
    free: float = 0.0
    busy: list[tuple[float, float]] = field(default_factory=list)

    @property
    def process(self) -> "_Method":
        return _Method(lambda: self.cluster.answer(len(self.cluster.actors)))

    @property
    def forget(self) -> "_Method":
        return _Method(lambda key: None)

    @property
    def keep(self) -> "_Method":
        return _Method(self.cluster.keep)

    @property
    def initialise(self) -> "_Method":
        return _Method(lambda breeding, index: self.cluster.hand_out(self, index, 0))

    @property
    def step(self) -> "_Method":
        return _Method(lambda breeding, island, *immigrants: self.cluster.advance(self, island))


@dataclass(frozen=True, slots=True)
class _Method:
    remote: Callable[..., Any]


@dataclass(frozen=True)
class Occupation:
    """How well a simulated cluster was used, between two moments.

    Attributes:
        workers: share of their time in which they computed.
        driver: share of its time in which the driver computed, calls of Ray included.
        steps_per_second: number of steps that ended per second.
    """

    workers: float
    driver: float
    steps_per_second: float


class SimulatedCluster(Backend):
    """Stands in for Ray, in virtual time.

    Args:
        workers: number of CPUs.
        recording: what steps take, and return.
        costs: what calls of Ray cost.
        clock: seconds, or what stands for them, that the driver has computed.
    """

    def __init__(
        self, workers: int, recording: Recording, costs: Costs, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.actors: list[_Actor] = []
        self.waited = 0.0
        self._workers, self._recording, self._costs, self._clock = workers, recording, costs, clock
        self._written: dict[Step, bytes] = {}
        self._passed = 0.0
        self._since = clock()

    def now(self) -> float:
        """Virtual seconds since the start."""
        return self._passed + self._clock() - self._since

    def occupation(self, begin: float, waited: float, end: float) -> Occupation:
        """How well workers and driver were used.

        Args:
            begin: virtual time of the begin.
            waited: what :attr:`waited` was then.
            end: virtual time of the end, which is now.
        """
        spans = [
            max(0.0, min(to, end) - max(since, begin)) for actor in self.actors for since, to in actor.busy
        ]
        steps = sum(begin < to <= end for actor in self.actors for _, to in actor.busy)
        length = end - begin
        return Occupation(
            workers=sum(spans) / (length * len(self.actors)),
            driver=1.0 - (self.waited - waited) / length,
            steps_per_second=steps / length,
        )

    def cpus(self) -> int:
        """Number of CPUs."""
        return self._workers

    def start(self) -> Any:
        """Starts a worker."""
        actor = _Actor(self)
        self.actors.append(actor)
        return actor

    def end(self, actor: Any) -> None:
        """Ends a worker; nothing is to do."""

    def put(self, value: Any) -> Any:
        """A reference to a value."""
        return _Reference(0.0, lambda: value)

    def cancel(self, reference: Any) -> None:
        """Takes back a task; nothing is to do."""

    def get(self, reference: Any, seconds: float | None = None) -> Any:
        """The value, once it is there; unpickling it is the driver's work, as in Ray."""
        with self._outside(self._costs.get):
            self._pass_to(reference.there)
        return reference.value()

    def wait(self, references: Sequence[Any], seconds: float) -> set[Any]:
        """The references that are there, at least one unless the time is over; virtual time passes up to then."""
        with self._outside(self._costs.wait + self._costs.wait_each * len(references)):
            first = min((reference.there for reference in references), default=self._passed + seconds)
            self._pass_to(min(first, self._passed + seconds))
            return {reference for reference in references if reference.there <= self._passed}

    def answer(self, value: Any) -> _Reference:
        """A value that is there at once."""
        return _Reference(self.now(), lambda: value)

    def keep(self, island: _Reference) -> _Reference:
        """Has an island written out, by the worker; to unpickle the answer is the driver's work."""
        with self._outside(self._costs.submit):
            index, epoch = island.island
            recorded = self._recording.at(index, epoch)
            if recorded not in self._written:
                self._written[recorded] = pickle.dumps(kept(pickle.loads(recorded.island)))
            answer = self._written[recorded]

            def value() -> Kept:
                written, packed = pickle.loads(answer)
                with self._outside(0.0):
                    return replace(written, epoch=epoch), packed

            return _Reference(self._passed + self._costs.keep, value)

    def advance(self, actor: _Actor, island: _Reference) -> tuple[_Reference, ...]:
        """Hands out the step after an island."""
        index, epoch = island.island
        return self.hand_out(actor, index, epoch + 1)

    def hand_out(self, actor: _Actor, index: int, epoch: int) -> tuple[_Reference, ...]:
        """Hands out the step by which an island reaches an epoch: references to the island, its emigrants, a report."""
        with self._outside(self._costs.submit):
            recorded = self._recording.at(index, epoch)
            begin = max(self._passed + self._costs.latency, actor.free)
            actor.free = begin + recorded.seconds
            actor.busy.append((begin, actor.free))

            def report() -> Report:
                value: Report = pickle.loads(recorded.report)
                with self._outside(0.0):
                    size = value.evaluations // max(1, value.epoch + 1)
                    return replace(value, island=index, epoch=epoch, evaluations=size * (epoch + 1))

            return (
                _Reference(actor.free, lambda: self._island(index, epoch), (index, epoch)),
                _Reference(actor.free, tuple),
                _Reference(actor.free, report),
            )

    def _island(self, index: int, epoch: int) -> Island:
        value: Island = pickle.loads(self._recording.at(index, epoch).island)
        return replace(value, index=index, epoch=epoch)

    def _pass_to(self, moment: float) -> None:
        if moment > self._passed:
            self.waited += moment - self._passed
            self._passed = moment

    @contextmanager
    def _outside(self, cost: float) -> Iterator[None]:
        """Stops the driver's clock while the simulation itself computes, and adds the cost of a call."""
        self._passed += self._clock() - self._since + cost
        try:
            yield
        finally:
            self._since = self._clock()


def simulate(
    suite: Suite,
    settings: Settings,
    cluster: SimulatedCluster,
    seconds: float,
    folder: Path,
) -> Occupation:
    """Breeds on a simulated cluster, with the code that drives a real one, and checkpoints in a folder.

    Args:
        suite: the suite that was recorded.
        settings: how many islands, and how they migrate; the rest as recorded.
        cluster: the cluster.
        seconds: virtual seconds to breed.
        folder: where to keep the run.

    Returns:
        How well it was used, from the moment when all islands are at epoch 2.
    """
    marks: list[tuple[float, float]] = []

    def mark(runs: Sequence[DiscoveryRun]) -> None:
        if runs[0].progress.epoch >= 2:
            now = cluster.now()
            marks[1:] = [(now, cluster.waited)]

    place = RunFolder.create(folder, force=False)
    config = DiscoverConfig(
        problems=suite.names,
        leave_out=(),
        proxies=suite.problems[0].proxies,
        holdout=0.0,
        settings=settings,
        limits=Limits(time_limit=seconds),
        rayzc=__version__,
        suite=suite.name,
        suite_hash=suite.content_hash,
    )
    run = DiscoveryRun(RunFiles(place, warn_by_default), config, suite, None, clock=cluster.now)
    with place.locked(), IslandWorkers(None, cluster) as workers:
        breed([run], workers, mark)
    (begin, waited), (end, _) = marks
    return cluster.occupation(begin, waited, end)
