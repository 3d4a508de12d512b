"""Workers that cannot start: after a while a warning says so and names the logs, and the run goes on when they can."""

import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from rayzc.cluster import discover, readiness
from rayzc.cluster.islands import breeding
from rayzc.cluster.measuring import measuring_pool
from rayzc.cluster.training import TrainProgress, train
from rayzc.cluster.training.trials import Trial, train_trials
from rayzc.options import Limits, Settings
from rayzc.problems import Suite, benchmark_of, read_spec
from tests.cluster.building.samples import SPEC
from tests.cluster.measuring.networks import SETUP, ask, distinct
from tests.cluster.training.samples import NETWORKS, RUN
from tests.training.samples import labelled_images

TAKEN = r"no worker is ready yet: all CPUs of the cluster are taken; Ray says more in .*/session_.*/logs"
SETTINGS = Settings(seed=1, islands=2, population=10)


@ray.remote
class Taker:
    """Takes CPUs and does nothing."""

    def here(self) -> bool:
        return True


@pytest.fixture
def taker(ray_session: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An actor of somebody else's that has all CPUs of the cluster."""
    monkeypatch.setattr(readiness, "SECONDS_TO_START", 1.0)
    monkeypatch.setattr(breeding, "SECONDS_TO_START", 1.0)
    cpus = ray.cluster_resources()["CPU"]  # type: ignore[no-untyped-call]
    actor = Taker.options(num_cpus=cpus).remote()  # type: ignore[attr-defined]  # Ray's decorator
    assert ray.get(actor.here.remote(), timeout=120)
    yield actor
    ray.kill(actor)


def test_a_discovery(small_suite: Suite, tmp_path: Path, taker: Any) -> None:
    said: list[str] = []

    def hear(text: str) -> None:
        said.append(text)
        ray.kill(taker)

    discover(
        small_suite, settings=SETTINGS, limits=Limits(epochs=2), workers=1, out=tmp_path / "run", warn=hear
    )
    (text,) = said
    assert re.fullmatch(TAKEN, text)


@pytest.mark.cluster
def test_trainings(tmp_path: Path, taker: Any) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")

        def hear(progress: TrainProgress) -> None:
            if warned:
                ray.kill(taker)

        given = {**RUN, "networks": NETWORKS[0], "seeds": 1, "epochs": 1}
        result = train(**given, data=labelled_images(), workers=1, out=tmp_path / "run", listen=hear)
    assert re.fullmatch(TAKEN, str(warned[0].message))
    assert result.stopped == "all trainings ended"


@pytest.mark.cluster
def test_the_trainings_of_a_build(tmp_path: Path, taker: Any) -> None:
    benchmark = benchmark_of(read_spec(SPEC))
    space, task = read_spec(SPEC).problems[0]
    network = read_spec(SPEC).networks(space)[0]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")

        def hear(done: int, left: float | None) -> None:
            if warned:
                ray.kill(taker)

        trial = Trial(space, network, task, 0)
        found = train_trials(
            benchmark,
            [trial],
            tmp_path / "trainings.jsonl",
            device="cpu",
            workers=1,
            gpus=1.0,
            stop=lambda: False,
            tell=hear,
        )
    assert re.fullmatch(TAKEN, str(warned[0].message))
    assert 0 <= found[trial] <= 1


@pytest.mark.cluster
def test_a_pool_that_measures(taker: Any) -> None:
    """Searches, and whatever else measures, wait for its workers."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with measuring_pool(SETUP, workers=1) as pool:
            deadline = time.monotonic() + 60
            while not warned:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            ray.kill(taker)
            (measurement,) = pool.measure_all([ask(distinct(1)[0], ("synflow",))])
    assert re.fullmatch(TAKEN, str(warned[0].message))
    assert "synflow" in measurement.scores


def test_a_pool_that_is_ready_in_time(ray_session: None, recwarn: pytest.WarningsRecorder) -> None:
    with measuring_pool(SETUP, workers=1) as pool:
        pool.measure_all([ask(distinct(1)[0], ("synflow",))])
    assert [warning for warning in recwarn if "no worker" in str(warning.message)] == []
