"""Searches whose measuring pool or workers die or hang: the same trajectories, and the time limit holds."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ray import tune

from rayzc.cluster.searches import SearchProgress, resume_search, search
from rayzc.nas import Results
from tests.cluster.faults.conftest import Survived
from tests.cluster.searches.samples import ON_DEMAND, trajectories, unhurried_proxy

pytestmark = pytest.mark.cluster

LIMIT = 45.0


@pytest.fixture(scope="module", autouse=True)
def _unhurried() -> Iterator[None]:
    with unhurried_proxy():
        yield


@pytest.fixture(scope="module")
def expected(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run in peace."""
    return search(**ON_DEMAND, workers=2, out=tmp_path_factory.mktemp("expected") / "run")


@pytest.mark.parametrize("victim", ["the measuring pool", "a measuring worker"])
def test_a_process_that_is_killed(expected: Results, tmp_path: Path, survived: Survived, victim: str) -> None:
    happened: dict[str, float] = {}
    before: list[int] = []

    def kill(progress: SearchProgress) -> None:
        pool, evaluated = progress.pool, sum(row.evaluated for row in progress.problems)
        if pool and not happened and pool.measured >= 4 and pool.workers == 2:
            happened["killed"] = time.monotonic()
            before.append(evaluated)
            os.kill(pool.pool if victim == "the measuring pool" else pool.processes[0], signal.SIGKILL)
        elif (
            happened and "recovered" not in happened and evaluated > before[0] and pool and pool.workers == 2
        ):
            happened["recovered"] = time.monotonic()

    result = search(**ON_DEMAND, workers=2, out=tmp_path / "run", listen=kill)
    assert result.failures == {}
    assert result.workers_lost >= 1
    seconds = happened["recovered"] - happened["killed"]
    same = trajectories(result) == trajectories(expected)
    survived(f"SIGKILL of {victim}, to both workers and the next architecture", seconds, same)


def test_the_process_of_a_search(expected: Results, tmp_path: Path, survived: Survived) -> None:
    class Kill(tune.Callback):
        happened: ClassVar[dict[str, float]] = {}
        evaluated: ClassVar[int] = 0
        trial: ClassVar[object] = None

        def on_trial_result(
            self, iteration: int, trials: object, trial: object, result: dict[str, Any], **info: object
        ) -> None:
            if not Kill.happened and not result["done"] and result["evaluated"]:
                Kill.happened["killed"], Kill.trial = time.monotonic(), trial
                Kill.evaluated = result["evaluated"]
                os.kill(result["pid"], signal.SIGKILL)
            elif trial is Kill.trial and result["evaluated"] > Kill.evaluated:
                Kill.happened.setdefault("recovered", time.monotonic())

    result = search(**ON_DEMAND, workers=2, out=tmp_path / "run", callbacks=[Kill()])
    assert result.failures == {}
    seconds = Kill.happened["recovered"] - Kill.happened["killed"]
    same = trajectories(result) == trajectories(expected)
    survived("SIGKILL of the process of a search, to its next architecture", seconds, same)


def test_a_measuring_worker_that_hangs_under_a_time_limit(
    expected: Results, tmp_path: Path, survived: Survived
) -> None:
    """Before every search has found something, a limit is extended by up to a minute; here, they have."""
    stopped: list[float] = []

    def stop(progress: SearchProgress) -> None:
        begun = all(row.evaluated >= 20 * row.searches for row in progress.problems)
        if not stopped and progress.pool and begun:
            stopped.append(time.monotonic())
            for process in progress.pool.processes:
                os.kill(process, signal.SIGSTOP)

    out = tmp_path / "run"
    begun = time.monotonic()
    limited = search(**ON_DEMAND, workers=2, out=out, listen=stop, time_limit=LIMIT)
    late = time.monotonic() - begun - LIMIT
    assert stopped
    assert limited.stopped == "time limit"
    assert late < 20
    result = resume_search(out, time_limit=3600.0, workers=2)
    survived(
        "SIGSTOP of all measuring workers, beyond the time limit",
        late,
        trajectories(result) == trajectories(expected),
    )
