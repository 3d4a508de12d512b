"""What becomes of workers and their jobs, shown with actors that are none."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import ray.exceptions

from rayzc.cluster.measuring import Setup
from rayzc.cluster.measuring import crew as crew_module
from rayzc.cluster.measuring.crew import Crew
from rayzc.cluster.measuring.ledger import Ledger, Target
from rayzc.cluster.measuring.worker import Outcome


@dataclass
class Stage:
    """A crew whose actors do what a test says.

    Attributes:
        crew: the crew.
        ledger: its ledger.
        killed: actors that were ended, in order.
        kept: what was to be kept.
        alive: the machines of the cluster.
        greeting: what becomes of the greeting of the actor of a number.
        measuring: what becomes of a measurement, by number of the actor and target.
        plain: of each measurement that was begun, whether with plain kernels.
    """

    ledger: Ledger = field(default_factory=Ledger)
    crew: Any = None
    started: int = 0
    killed: list[int] = field(default_factory=list)
    kept: dict[Target, Mapping[str, float]] = field(default_factory=dict)
    alive: set[str] = field(default_factory=lambda: {"node"})
    greeting: Callable[[int], Awaitable[Any]] | None = None
    measuring: Callable[[int, Target], Awaitable[Any]] | None = None
    plain: list[bool] = field(default_factory=list)

    def actor(self) -> Any:
        self.started += 1
        number = self.started
        return SimpleNamespace(
            number=number,
            greet=SimpleNamespace(remote=lambda: self._greet(number)),
            measure=SimpleNamespace(
                remote=lambda target, proxies, batch, plain: self._measure(number, target, proxies, plain)
            ),
        )

    async def _greet(self, number: int) -> tuple[int, str]:
        if self.greeting is not None:
            await self.greeting(number)
        return number, "node"

    async def _measure(self, number: int, target: Target, proxies: list[str], plain: bool) -> Outcome:
        self.plain.append(plain)
        if self.measuring is not None:
            await self.measuring(number, target)
        return Outcome(dict.fromkeys(proxies, float(target.seed)), {}, 0.5, ())

    def ask(self, *seeds: int) -> None:
        for seed in seeds:
            self.ledger.ask("client", seed, Target("space", "x", "task", seed, "batch"), ("p",))
        self.crew.wake()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()
    monkeypatch.setattr(
        crew_module,
        "_ACTOR",
        SimpleNamespace(options=lambda **options: SimpleNamespace(remote=lambda *arguments: made.actor())),
    )
    monkeypatch.setattr(
        crew_module,
        "_ray",
        SimpleNamespace(
            kill=lambda actor: made.killed.append(actor.number),
            nodes=lambda: [{"NodeID": name, "Alive": True} for name in made.alive],
        ),
    )
    return made


def play(stage: Stage, scene: Callable[[], Awaitable[None]], time_limit: float | None = None) -> None:
    """Runs a scene with a crew on the stage, and sends the crew home."""

    async def played() -> None:
        setup = Setup(time_limit=time_limit)
        keep = stage.kept.__setitem__
        stage.crew = Crew(stage.ledger, setup, "cpu", None, lambda target: None, keep, lambda: None)
        await asyncio.wait_for(scene(), 20)
        await stage.crew.dismiss()
        assert stage.crew.workers == []
        assert sorted(stage.killed) == list(range(1, stage.started + 1))

    asyncio.run(played())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def ready(stage: Stage) -> list[int]:
    return [worker.process for worker in stage.crew.workers if worker.process]


def test_a_crew_grows_and_shrinks_and_the_busy_stay(stage: Stage) -> None:
    async def scene() -> None:
        hold = asyncio.Event()

        async def held(number: int, target: Target) -> None:
            await hold.wait()

        stage.measuring = held
        stage.crew.resize(3)
        await until(lambda: ready(stage) == [1, 2, 3])
        stage.ask(7)
        await until(lambda: any(worker.job for worker in stage.crew.workers))
        (busy,) = [worker.process for worker in stage.crew.workers if worker.job]
        stage.crew.resize(1)
        await until(lambda: ready(stage) == [busy])
        stage.crew.resize(2)
        await until(lambda: ready(stage) == [busy, 4])
        hold.set()
        await until(lambda: stage.ledger.outstanding() == 0)
        assert stage.kept == {Target("space", "x", "task", 7, "batch"): {"p": 7.0}}
        assert stage.crew.lost == 0

    play(stage, scene)


def test_a_worker_dismissed_before_it_has_begun_is_ended_too(stage: Stage) -> None:
    async def scene() -> None:
        stage.crew.resize(2)
        stage.crew.resize(1)
        await until(lambda: len(stage.crew.workers) == 1 and len(ready(stage)) == 1)
        assert len(stage.killed) == 1
        assert stage.crew.lost == 0

    play(stage, scene)


def test_a_busy_worker_that_is_one_too_many_finishes_its_job(stage: Stage) -> None:
    async def scene() -> None:
        hold = asyncio.Event()

        async def held(number: int, target: Target) -> None:
            await hold.wait()

        stage.measuring = held
        stage.crew.resize(2)
        stage.ask(1, 2, 3)
        await until(lambda: sum(worker.job is not None for worker in stage.crew.workers) == 2)
        stage.crew.resize(1)
        assert len(ready(stage)) == 2
        hold.set()
        await until(lambda: stage.ledger.outstanding() == 0 and len(ready(stage)) == 1)
        assert stage.ledger.counts["measured"] == 3
        assert stage.crew.lost == 0
        assert stage.started == 2

    play(stage, scene)


def dies_when(
    condition: Callable[[int, Target], bool], error: Exception
) -> Callable[[int, Target], Awaitable[None]]:
    async def measuring(number: int, target: Target) -> None:
        if condition(number, target):
            raise error

    return measuring


def test_a_job_that_ends_three_workers_is_given_up_the_last_time_with_plain_kernels(stage: Stage) -> None:
    async def scene() -> None:
        error = ray.exceptions.RayActorError(error_msg="killed\nby signal 9")
        stage.measuring = dies_when(lambda number, target: target.seed == 2, error)
        stage.crew.resize(1)
        stage.ask(1, 2, 3)
        await until(lambda: stage.ledger.outstanding() == 0)
        failures = {found.number: found.failures for found in stage.ledger.answers("client")}
        assert failures == {1: {}, 2: {"p": "ended its worker 3 times, given up: killed"}, 3: {}}
        assert stage.crew.lost == 3
        assert stage.plain == [False, False, False, True, False]

    play(stage, scene)


def test_a_job_whose_machine_goes_is_tried_as_often_as_it_takes(stage: Stage) -> None:
    async def scene() -> None:
        stage.alive.clear()
        error = ray.exceptions.RayActorError(error_msg="the node died")
        stage.measuring = dies_when(lambda number, target: number <= 5, error)
        stage.crew.resize(1)
        stage.ask(4)
        await until(lambda: stage.ledger.outstanding() == 0)
        (found,) = stage.ledger.answers("client")
        assert found.scores == {"p": 4.0}
        assert stage.crew.lost == 5

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
        stage.measuring = dies_when(lambda number, target: number == 1, error)
        stage.crew.resize(1)
        stage.ask(4)
        monkeypatch.setattr(crew_module, "_pause", look)
        await until(lambda: stage.ledger.outstanding() == 0)
        assert stage.ledger.answers("client")[0].scores == {"p": 4.0}
        assert len(looks) == 3
        assert stage.crew.lost == 1

    play(stage, scene)


def test_a_job_that_takes_too_long_is_given_up_at_once(stage: Stage) -> None:
    async def scene() -> None:
        async def endless(number: int, target: Target) -> None:
            if target.seed == 2:
                await asyncio.Event().wait()

        stage.measuring = endless
        stage.crew.resize(1)
        stage.ask(1, 2, 3)
        await until(lambda: stage.ledger.outstanding() == 0)
        failures = {found.number: found.failures for found in stage.ledger.answers("client")}
        assert failures == {1: {}, 2: {"p": "took longer than 0.2 s, the time limit for a network"}, 3: {}}
        assert stage.crew.lost == 1

    play(stage, scene, time_limit=0.2)


def test_an_error_that_nobody_foresaw_fails_the_job_and_not_the_pool(stage: Stage) -> None:
    async def scene() -> None:
        stage.measuring = dies_when(lambda number, target: target.seed == 2, KeyError("surprise"))
        stage.crew.resize(1)
        stage.ask(1, 2, 3)
        await until(lambda: stage.ledger.outstanding() == 0)
        failures = {found.number: found.failures for found in stage.ledger.answers("client")}
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
        monkeypatch.setattr(crew_module, "_pause", pause)
        stage.greeting = refused
        stage.crew.resize(1)
        await until(lambda: stage.crew.broken is not None)
        assert stage.crew.broken == message
        await until(lambda: stage.crew.workers == [])
        assert stage.started == most
        assert pauses == sorted(pauses)
        stage.crew.resize(5)
        assert stage.crew.workers == []

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
        monkeypatch.setattr(crew_module, "_pause", pause)
        stage.greeting = refused
        stage.crew.resize(1)
        await until(lambda: ready(stage) == [1])
        stage.crew.resize(2)
        await until(lambda: len(ready(stage)) == 2)
        assert stage.crew.broken is None
        assert stage.started == 20

    play(stage, scene)
