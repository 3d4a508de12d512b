"""What becomes of workers and their jobs, shown with stand-ins for the actors."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import ray.exceptions

from rayzc.cluster.measuring import workers as workers_module
from rayzc.cluster.measuring.ledger import Ledger, Target
from rayzc.cluster.measuring.user_spaces import SentSpaces
from rayzc.cluster.measuring.workers import MeasuringWorkers
from rayzc.measurement import Measurement, Request
from rayzc.options import Setup
from rayzc.problems import Shapes


@dataclass
class Stage:
    """Workers whose actors do what a test says.

    Attributes:
        workers: the workers that are tested.
        ledger: its ledger.
        killed: actors that were ended, in order.
        kept: what was to be kept.
        alive: the machines of the cluster.
        starting: what becomes of the start of an actor, by its number.
        measuring: what becomes of a measurement, by number of the actor and request.
        plain: of each measurement that was begun, whether with plain kernels.
    """

    ledger: Ledger = field(default_factory=Ledger)
    workers: Any = None
    started: int = 0
    killed: list[int] = field(default_factory=list)
    kept: dict[Target, Mapping[str, float]] = field(default_factory=dict)
    alive: set[str] = field(default_factory=lambda: {"node"})
    starting: Callable[[int], Awaitable[Any]] | None = None
    measuring: Callable[[int, Request], Awaitable[Any]] | None = None
    plain: list[bool] = field(default_factory=list)

    def actor(self) -> Any:
        self.started += 1
        number = self.started
        return SimpleNamespace(
            number=number,
            identify=SimpleNamespace(remote=lambda: self._identify(number)),
            measure=SimpleNamespace(
                remote=lambda request, batch, plain: self._measure(number, request, plain)
            ),
        )

    async def _identify(self, number: int) -> tuple[int, str]:
        if self.starting is not None:
            await self.starting(number)
        return number, "node"

    async def _measure(self, number: int, request: Request, plain: bool) -> Measurement:
        self.plain.append(plain)
        if self.measuring is not None:
            await self.measuring(number, request)
        return Measurement(dict.fromkeys(request.proxies, float(request.seed)), seconds=0.5)

    def ask(self, *seeds: int) -> None:
        for seed in seeds:
            self.ledger.ask("client", seed, Target("space", "x", "task", seed, "batch"), ("p",))
        self.workers.wake()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()
    monkeypatch.setattr(
        workers_module,
        "_ACTOR",
        SimpleNamespace(options=lambda **options: SimpleNamespace(remote=lambda *arguments: made.actor())),
    )
    monkeypatch.setattr(
        workers_module,
        "_ray",
        SimpleNamespace(
            kill=lambda actor: made.killed.append(actor.number),
            nodes=lambda: [{"NodeID": name, "Alive": True} for name in made.alive],
        ),
    )
    return made


def play(stage: Stage, scene: Callable[[], Awaitable[None]], time_limit: float | None = None) -> None:
    """Runs a scene with workers on the stage, and ends them."""

    async def played() -> None:
        setup = Setup(time_limit=time_limit)
        keep = stage.kept.__setitem__
        stage.workers = MeasuringWorkers(
            stage.ledger,
            setup,
            "cpu",
            None,
            lambda identity: None,
            keep,
            lambda: None,
            Shapes(),
            SentSpaces(()),
        )
        await asyncio.wait_for(scene(), 20)
        await stage.workers.close()
        assert stage.workers.workers == []
        assert sorted(stage.killed) == list(range(1, stage.started + 1))

    asyncio.run(played())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def ready(stage: Stage) -> list[int]:
    return [worker.process for worker in stage.workers.workers if worker.process]


def test_workers_grow_and_shrink_and_the_busy_stay(stage: Stage) -> None:
    async def scene() -> None:
        hold = asyncio.Event()

        async def held(number: int, request: Request) -> None:
            await hold.wait()

        stage.measuring = held
        stage.workers.resize(3)
        await until(lambda: ready(stage) == [1, 2, 3])
        stage.ask(7)
        await until(lambda: any(worker.job for worker in stage.workers.workers))
        (busy,) = [worker.process for worker in stage.workers.workers if worker.job]
        stage.workers.resize(1)
        await until(lambda: ready(stage) == [busy])
        stage.workers.resize(2)
        await until(lambda: ready(stage) == [busy, 4])
        hold.set()
        await until(lambda: stage.ledger.outstanding() == 0)
        assert stage.kept == {Target("space", "x", "task", 7, "batch"): {"p": 7.0}}
        assert stage.workers.lost == 0

    play(stage, scene)


def test_a_worker_not_needed_before_it_has_begun_is_ended_too(stage: Stage) -> None:
    async def scene() -> None:
        stage.workers.resize(2)
        stage.workers.resize(1)
        await until(lambda: len(stage.workers.workers) == 1 and len(ready(stage)) == 1)
        assert len(stage.killed) == 1
        assert stage.workers.lost == 0

    play(stage, scene)


def test_a_busy_worker_that_is_not_needed_finishes_its_job(stage: Stage) -> None:
    async def scene() -> None:
        hold = asyncio.Event()

        async def held(number: int, request: Request) -> None:
            await hold.wait()

        stage.measuring = held
        stage.workers.resize(2)
        stage.ask(1, 2, 3)
        await until(lambda: sum(worker.job is not None for worker in stage.workers.workers) == 2)
        stage.workers.resize(1)
        assert len(ready(stage)) == 2
        hold.set()
        await until(lambda: stage.ledger.outstanding() == 0 and len(ready(stage)) == 1)
        assert stage.ledger.counts["measured"] == 3
        assert stage.workers.lost == 0
        assert stage.started == 2

    play(stage, scene)


def dies_when(
    condition: Callable[[int, Request], bool], error: Exception
) -> Callable[[int, Request], Awaitable[None]]:
    async def measuring(number: int, request: Request) -> None:
        if condition(number, request):
            raise error

    return measuring


def test_a_job_that_ends_three_workers_is_given_up_the_last_time_with_plain_kernels(stage: Stage) -> None:
    async def scene() -> None:
        error = ray.exceptions.RayActorError(error_msg="killed\nby signal 9")
        stage.measuring = dies_when(lambda number, request: request.seed == 2, error)
        stage.workers.resize(1)
        stage.ask(1, 2, 3)
        await until(lambda: stage.ledger.outstanding() == 0)
        failures = {number: measurement.failures for number, measurement in stage.ledger.answers("client")}
        assert failures == {1: {}, 2: {"p": "its worker died 3 times, so it was given up: killed"}, 3: {}}
        assert stage.workers.lost == 3
        assert stage.plain == [False, False, False, True, False]

    play(stage, scene)


def test_a_job_whose_machine_goes_is_tried_as_often_as_it_takes(stage: Stage) -> None:
    async def scene() -> None:
        stage.alive.clear()
        error = ray.exceptions.RayActorError(error_msg="the node died")
        stage.measuring = dies_when(lambda number, request: number <= 5, error)
        stage.workers.resize(1)
        stage.ask(4)
        await until(lambda: stage.ledger.outstanding() == 0)
        ((_, measurement),) = stage.ledger.answers("client")
        assert measurement.scores == {"p": 4.0}
        assert stage.workers.lost == 5

    play(stage, scene)


def test_a_worker_out_of_reach_is_waited_for_until_its_machine_is_given_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    async def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            stage.alive.clear()

    async def scene() -> None:
        error = ray.exceptions.ActorUnavailableError("out of reach", None)
        stage.measuring = dies_when(lambda number, request: number == 1, error)
        stage.workers.resize(1)
        stage.ask(4)
        monkeypatch.setattr(workers_module, "_pause", look)
        await until(lambda: stage.ledger.outstanding() == 0)
        assert stage.ledger.answers("client")[0][1].scores == {"p": 4.0}
        assert len(looks) == 3
        assert stage.workers.lost == 1

    play(stage, scene)


def test_a_job_that_takes_too_long_is_given_up_at_once(stage: Stage) -> None:
    async def scene() -> None:
        async def endless(number: int, request: Request) -> None:
            if request.seed == 2:
                await asyncio.Event().wait()

        stage.measuring = endless
        stage.workers.resize(1)
        stage.ask(1, 2, 3)
        await until(lambda: stage.ledger.outstanding() == 0)
        failures = {number: measurement.failures for number, measurement in stage.ledger.answers("client")}
        assert failures == {1: {}, 2: {"p": "took longer than 0.2 s, the time limit for a network"}, 3: {}}
        assert stage.workers.lost == 1

    play(stage, scene, time_limit=0.2)


def test_an_error_that_nobody_foresaw_fails_the_job_and_not_the_pool(stage: Stage) -> None:
    async def scene() -> None:
        stage.measuring = dies_when(lambda number, request: request.seed == 2, KeyError("surprise"))
        stage.workers.resize(1)
        stage.ask(1, 2, 3)
        await until(lambda: stage.ledger.outstanding() == 0)
        failures = {number: measurement.failures for number, measurement in stage.ledger.answers("client")}
        assert failures == {1: {}, 2: {"p": "KeyError: 'surprise'"}, 3: {}}

    play(stage, scene)


@pytest.mark.parametrize(("message", "most"), [("raised in its creation task", 3), ("its node went", 10)])
def test_workers_that_never_start_are_not_started_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, message: str, most: int
) -> None:
    pauses = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def refused(number: int) -> None:
        raise ray.exceptions.RayActorError(error_msg=message)

    async def scene() -> None:
        monkeypatch.setattr(workers_module, "_pause", pause)
        stage.starting = refused
        stage.workers.resize(1)
        await until(lambda: stage.workers.broken is not None)
        assert stage.workers.broken == message
        await until(lambda: stage.workers.workers == [])
        assert stage.started == most
        assert pauses == sorted(pauses)
        stage.workers.resize(5)
        assert stage.workers.workers == []

    play(stage, scene)


def test_workers_that_do_not_start_are_no_matter_while_another_works(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pause(seconds: float) -> None:
        await asyncio.sleep(0)

    async def refused(number: int) -> None:
        if 1 < number < 20:
            raise ray.exceptions.RayActorError(error_msg="raised in its creation task")

    async def scene() -> None:
        monkeypatch.setattr(workers_module, "_pause", pause)
        stage.starting = refused
        stage.workers.resize(1)
        await until(lambda: ready(stage) == [1])
        stage.workers.resize(2)
        await until(lambda: len(ready(stage)) == 2)
        assert stage.workers.broken is None
        assert stage.started == 20

    play(stage, scene)
