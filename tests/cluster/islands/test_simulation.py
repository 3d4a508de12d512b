"""How many workers the driver keeps busy, simulated: its work is counted, so every machine finds the same."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rayzc.cluster.islands.recording import Recording, record
from rayzc.cluster.islands.simulation import Costs, Occupation, SimulatedCluster, simulate
from rayzc.options import Settings
from rayzc.problems import Suite

BREEDING = Settings(population=12, offspring=10, generations=1, polish=0)
COSTS = Costs(submit=100e-6, get=30e-6, wait=60e-6, wait_each=0.5e-6, latency=1e-3, keep=20e-3)
SECONDS_PER_CALL = 0.2e-6
"""What a call of a function costs, of Python or C; on the slow side."""


@pytest.fixture(scope="module")
def recording(small_suite: Suite) -> Recording:
    """Steps of 0.25 to 0.35 s, as on the thirteen public problems."""
    steps = record(small_suite.for_fitting(), BREEDING.replaced(islands=2), epochs=3)
    return steps.lasting([0.25, 0.31, 0.28, 0.35, 0.26, 0.33, 0.30])


class Calls:
    """Counts the calls of functions, and so tells the time."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self) -> float:
        return self.number * SECONDS_PER_CALL

    @contextmanager
    def counted(self) -> Iterator[None]:
        def count(frame: object, event: str, argument: object) -> None:
            self.number += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            yield
        finally:
            sys.setprofile(None)


def simulated(
    suite: Suite, recording: Recording, workers: int, seconds: float, folder: Path
) -> tuple[Occupation, float]:
    """The occupation, and the driver's calls of functions per step."""
    calls = Calls()
    cluster = SimulatedCluster(workers, recording, COSTS, calls)
    settings = BREEDING.replaced(islands=2 * workers)
    with calls.counted():
        occupation = simulate(suite.for_fitting(), settings, cluster, seconds, folder)
    return occupation, calls.number / sum(len(actor.busy) for actor in cluster.actors)


def test_a_thousand_workers_are_kept_busy(small_suite: Suite, recording: Recording, tmp_path: Path) -> None:
    occupation, _ = simulated(small_suite, recording, 1_000, 3.0, tmp_path / "run")
    assert occupation.workers >= 0.95
    assert occupation.driver < 1.0


def test_a_step_costs_the_driver_the_same_with_ten_times_the_workers(
    small_suite: Suite, recording: Recording, tmp_path: Path
) -> None:
    _, few = simulated(small_suite, recording, 20, 4.0, tmp_path / "few")
    _, many = simulated(small_suite, recording, 200, 4.0, tmp_path / "many")
    assert many < 1.2 * few


def test_workers_of_a_driver_that_is_too_slow_are_idle(
    small_suite: Suite, recording: Recording, tmp_path: Path
) -> None:
    cluster = SimulatedCluster(20, recording, Costs(0.05, 0.05, 0.0, 0.0, 0.0, 0.0), lambda: 0.0)
    occupation = simulate(
        small_suite.for_fitting(), BREEDING.replaced(islands=40), cluster, 30.0, tmp_path / "run"
    )
    # A step of 0.3 s needs 0.1 s of the driver, which so can keep three workers of the twenty.
    assert 0.1 < occupation.workers < 0.2
    assert occupation.driver == pytest.approx(1.0)
