"""Discoveries whose folder is on an S3 server: the same bytes as on this machine, whatever ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from rayzc.cli.formulas import read_formula
from rayzc.cluster import Progress, discover, resume
from rayzc.cluster.islands import breeding
from rayzc.options import Limits, Settings
from rayzc.problems import Suite, write_suite
from rayzc.runs import RunFolder, place_of
from tests.s3 import Server, served

EPOCHS = 150
SETTINGS = Settings(seed=3, islands=4, population=24, offspring=40, generations=1, migration_interval=2)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint of every epoch."""
    monkeypatch.setattr(breeding, "_CHECKPOINT_SECONDS", 0.0)


@pytest.mark.usefixtures("ray_session")
def test_a_driver_killed_and_resumed_from_another_folder(
    small_suite: Suite, tmp_path: Path, s3: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, suite = s3.uri("discovery/run"), tmp_path / "small.parquet"
    write_suite(small_suite, suite)
    settings = Settings(seed=3, islands=4, population=24, migration_interval=2)
    expected = discover(suite, settings=settings, limits=Limits(epochs=12), workers=2, out=tmp_path / "here")
    options = {
        "seed": 3,
        "islands": 4,
        "population": 24,
        "migration-interval": 2,
        "workers": 2,
        "epochs": 12,
    }
    command = [
        sys.executable,
        "-m",
        "rayzc",
        "discover",
        "--suite",
        "small.parquet",
        "--out",
        place,
        "--quiet",
    ]
    command += [text for name, value in options.items() for text in (f"--{name}", str(value))]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    driver = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    folder = RunFolder(place_of(place))
    deadline = time.monotonic() + 240
    while not [*folder.checkpoints.glob("epoch-*.json")]:
        assert driver.poll() is None, driver.stderr and driver.stderr.read()
        assert time.monotonic() < deadline
        Event().wait(0.05)
    os.kill(driver.pid, signal.SIGKILL)
    assert driver.wait(60) == -signal.SIGKILL
    assert not folder.result.exists()

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    warned: list[str] = []
    result = resume(place, workers=1, warn=warned.append)
    assert len(warned) == 1
    assert f"process {driver.pid} on " in warned[0]
    assert result.hall_of_fame == expected.hall_of_fame
    assert folder.hall_of_fame.read_bytes() == (tmp_path / "here" / "hall_of_fame.json").read_bytes()
    assert json.loads(folder.result.read_bytes())["run"] == place == str(result.run)
    kinds = [event["event"] for event in folder.recorded()]
    assert kinds[0] == "started"
    assert kinds.index("taken over") < kinds.index("resumed") < kinds.index("stopped") == len(kinds) - 1
    assert len([*folder.checkpoints.iterdir()]) == 3
    assert not [*folder.path.glob(".owner-*")]
    assert str(read_formula(place)) == str(result.formula)


@pytest.mark.cluster
@pytest.mark.usefixtures("ray_session", "often")
def test_a_server_that_goes_away_in_the_middle(small_suite: Suite, tmp_path: Path) -> None:
    expected = discover(
        small_suite, settings=SETTINGS, limits=Limits(epochs=8), workers=2, out=tmp_path / "here"
    )
    with served() as server:

        def end(progress: Progress) -> None:
            if progress.epoch >= 2:
                server.kill()

        warned: list[str] = []
        result = discover(
            small_suite,
            settings=SETTINGS,
            limits=Limits(epochs=8),
            workers=2,
            out=server.uri("run"),
            listen=end,
            warn=warned.append,
        )
    assert result.hall_of_fame == expected.hall_of_fame
    assert len(warned) == 1
    assert warned[0].startswith(f"{server.uri('run')} cannot be written (")
    assert warned[0].endswith("): the run goes on, and tries again at every checkpoint")
    assert result.trouble is not None
    assert "/run/result.json" in result.trouble
