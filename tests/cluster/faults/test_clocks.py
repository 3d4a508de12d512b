"""Clocks that are set by an hour while a run is under way: limits and results are as if they had not been."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rayzc.cluster.searches import search
from rayzc.nas import Results
from rayzc.options import Setup
from tests.cluster.faults.conftest import Survived
from tests.cluster.faults.drivers import started, wait_until, watched
from tests.cluster.searches.samples import trajectories

pytestmark = pytest.mark.cluster

HOUR = 3600.0
LIMIT = 15.0
FORMULA = "synflow + log(params)"
SETUP = Setup(batch=4, width=8, depth=1)
BUDGET = 80


class Clock:
    """The clock of all Python processes of a run.

    Args:
        folder: where to keep what it shows.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "step"
        self._file.write_text("0")
        stepped = Path(__file__).with_name("stepped")
        known = os.environ.get("PYTHONPATH", "")
        self.environment = {"PYTHONPATH": f"{stepped}:{known}".rstrip(":"), "CLOCK_STEP": str(self._file)}

    def set(self, ahead: float) -> None:
        """Sets it to this many seconds after the true time."""
        new = self._file.with_suffix(".new")
        new.write_text(str(ahead))
        new.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


def test_of_a_discovery(
    suite: Path, tmp_path: Path, expected: bytes, survived: Survived, clock: Clock
) -> None:
    out = tmp_path / "run"
    given = {"suite": str(suite), "out": str(out), "workers": 2, "time_limit": 600.0}
    with watched(given, environment=clock.environment) as run:
        run.wait_for(lambda said: said["epoch"] >= 4)
        clock.set(HOUR)
        begun = time.monotonic()
        forwards = run.recovered(begun)
        clock.set(-HOUR)
        begun = time.monotonic()
        backwards = run.recovered(begun)
        ended = run.end()
    assert ended["ended"] == "epochs"
    assert ended["lost"] == 0
    stamps = [json.loads(line)["time"] for line in (out / "events.jsonl").read_text().splitlines()]
    assert max(stamps) - min(stamps) > HOUR / 2  # the clock was set
    same = (out / "hall_of_fame.json").read_bytes() == expected
    survived("clock set forwards by an hour, to two more epochs", forwards, same)
    survived("clock set back by two hours, to two more epochs", backwards, same)


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_time_limit_is_of_true_seconds(
    suite: Path, tmp_path: Path, survived: Survived, clock: Clock, ahead: float
) -> None:
    given = {
        "suite": str(suite),
        "out": str(tmp_path / "run"),
        "workers": 2,
        "time_limit": LIMIT,
        "epochs": 1_000_000,
    }
    with watched(given, environment=clock.environment) as run:
        first = run.wait_for(lambda said: said["epoch"] >= 0)
        clock.set(ahead)
        ended = run.end()
        seconds = run.lines[-1][0] - first
    assert ended["ended"] == "time limit"
    seconds_kept = json.loads((tmp_path / "run" / "result.json").read_text())["seconds"]
    assert LIMIT <= seconds_kept < LIMIT + 10
    survived(f"clock set by {ahead:+.0f} s, from the first epoch to the limit", seconds, seconds < LIMIT + 10)


@pytest.fixture(scope="module")
def in_peace(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return search(
        FORMULA,
        None,
        problems=["nasbench201/cifar10"],
        budget=BUDGET,
        seeds=2,
        setup=SETUP,
        workers=2,
        out=tmp_path_factory.mktemp("in_peace") / "run",
    )


def test_of_a_search(in_peace: Results, tmp_path: Path, survived: Survived, clock: Clock) -> None:
    """The process of each search looks at the clock between its batches."""
    out = tmp_path / "run"
    given = ["search", "--formula", FORMULA, "--suite", "none", "--problems", "nasbench201/cifar10"]
    given += ["--budget", str(BUDGET)]
    given += ["--seeds", "2", "--batch-size", "4", "--width", "8", "--depth", "1", "--workers", "2"]
    given += ["--time-limit", "600s", "--out", str(out)]
    with started(*given, environment=clock.environment) as driver:
        wait_until(lambda: '"started"' in _text(out / "events.jsonl"), driver)
        clock.set(HOUR)
        begun = time.monotonic()
        _, errors = driver.communicate(timeout=200)
        seconds = time.monotonic() - begun
    assert driver.returncode == 0, errors
    document = json.loads((out / "result.json").read_text())
    found = Results.from_text(json.dumps(document["results"]), "result.json")
    assert document["stopped"] == "all searches ended"
    survived(
        "clock set forwards by an hour in a search, to its end",
        seconds,
        trajectories(found) == trajectories(in_peace),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def test_the_clock_is_set(clock: Clock, tmp_path: Path) -> None:
    """What the tests above rely on: processes see the step, but not on their steady clock."""
    code = "import time; input(); print(time.time(), time.monotonic())"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | clock.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        clock.set(HOUR)
        said, _ = process.communicate("\n")
    wall, steady = map(float, said.split())
    assert wall - time.time() == pytest.approx(HOUR, abs=60)
    assert steady - time.monotonic() == pytest.approx(0, abs=60)
