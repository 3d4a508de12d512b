"""Workers that cannot start: after a while a warning says so and names the logs, and the run goes on when they can."""

import os
import re
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import ray

from rayzc.cluster import discover, readiness
from rayzc.cluster.islands import breeding
from rayzc.cluster.measuring import measuring_pool
from rayzc.cluster.training import TrainProgress, train
from rayzc.options import Limits, Settings
from rayzc.problems import Suite, write_suite
from tests.cluster.faults.drivers import descendants
from tests.cluster.measuring.networks import SETUP, ask, distinct
from tests.cluster.training.samples import NETWORKS, RUN
from tests.training.samples import labelled_images

TAKEN = r"no worker is ready yet: all CPUs of the cluster are taken; Ray says more in .*/session_.*/logs"
SETTINGS = Settings(seed=1, islands=2, population=10)
# Processes of workers end at once, as where a cluster has another Python, or a file is missing.
BROKEN = """
import os, sys
if any("default_worker.py" in word for word in sys.orig_argv):
    os._exit(1)
"""
IMPATIENT = "from rayzc.cluster import readiness; readiness.SECONDS_TO_START = 2.0; from rayzc.cli import main; main()"


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


def test_processes_that_do_not_start(small_suite: Suite, tmp_path: Path) -> None:
    write_suite(small_suite, tmp_path / "small.parquet")
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    known = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    known["PYTHONPATH"] = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-c", IMPATIENT, "discover", "--suite", "small.parquet", "--workers", "1"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = next((line for line in process.stderr if "no worker is ready yet" in line), "")
        finally:
            for pid in (*descendants(process.pid), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    assert "their processes do not start; Ray says more in " in said
