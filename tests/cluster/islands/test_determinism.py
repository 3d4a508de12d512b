"""The same seed gives the same hall of fame, byte for byte, whatever happens to those who compute it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rayzc.cluster import Progress, discover, resume
from rayzc.options import Limits, Settings
from rayzc.problems import Suite, write_suite
from rayzc.runs import Discovery
from tests.cluster.drivers import start

SETTINGS = Settings(
    seed=3, islands=4, population=24, offspring=40, generations=1, migration_interval=2, topology="random"
)
EPOCHS = 12


@pytest.fixture(scope="module")
def expected(small_suite: Suite, ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The hall of fame of an undisturbed run with one worker."""
    out = tmp_path_factory.mktemp("expected") / "run"
    discover(small_suite, settings=SETTINGS, limits=Limits(epochs=EPOCHS), workers=1, out=out)
    return (out / "hall_of_fame.json").read_bytes()


@pytest.mark.parametrize("workers", [2, 4])
def test_any_number_of_workers(small_suite: Suite, tmp_path: Path, expected: bytes, workers: int) -> None:
    out = tmp_path / "run"
    result = discover(small_suite, settings=SETTINGS, limits=Limits(epochs=EPOCHS), workers=workers, out=out)
    assert (out / "hall_of_fame.json").read_bytes() == expected
    assert result.epochs == EPOCHS
    assert result.workers_lost == 0


def test_a_worker_killed_in_the_middle(small_suite: Suite, tmp_path: Path, expected: bytes) -> None:
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if not killed and progress.epoch >= 2:
            killed.append(progress.processes[0])
            os.kill(killed[0], signal.SIGKILL)

    out = tmp_path / "run"
    result = discover(
        small_suite,
        settings=SETTINGS,
        limits=Limits(epochs=EPOCHS),
        workers=2,
        out=out,
        listen=kill_one,
    )
    assert len(killed) == 1
    assert result.workers_lost == 1
    assert (out / "hall_of_fame.json").read_bytes() == expected
    events = [json.loads(line)["event"] for line in (out / "events.jsonl").read_text().splitlines()]
    assert "worker lost and replaced" in events


def test_every_worker_killed_again_and_again(small_suite: Suite, tmp_path: Path, expected: bytes) -> None:
    killed: set[int] = set()
    epochs = [0]

    def kill_all(progress: Progress) -> None:
        if progress.epoch > epochs[-1] and len(killed) < 4:
            epochs.append(progress.epoch)
            for process in set(progress.processes) - killed:
                killed.add(process)
                os.kill(process, signal.SIGKILL)

    out = tmp_path / "run"
    result = discover(
        small_suite,
        settings=SETTINGS,
        limits=Limits(epochs=EPOCHS),
        workers=2,
        out=out,
        listen=kill_all,
    )
    assert result.workers_lost == len(killed) >= 4
    assert (out / "hall_of_fame.json").read_bytes() == expected


def test_a_run_that_ends_by_chance_and_what_it_showed_before(
    small_suite: Suite, ray_session: None, tmp_path: Path
) -> None:
    shown: list[Progress] = []

    def look_and_interrupt(progress: Progress) -> None:
        shown.append(progress)
        if progress.epoch > 2:
            os.kill(os.getpid(), signal.SIGINT)

    def run(name: str, limits: Limits, listen: Callable[[Progress], None] | None = None) -> Discovery:
        return discover(
            small_suite, settings=SETTINGS, limits=limits, workers=2, out=tmp_path / name, listen=listen
        )

    ended = run("ended", Limits(epochs=10_000), look_and_interrupt)
    assert ended.stopped == "interrupted by SIGINT"
    again = run("again", Limits(epochs=ended.epochs))
    names = ("ended", "again")
    ended_bytes, bytes_again = ((tmp_path / name / "hall_of_fame.json").read_bytes() for name in names)
    assert ended_bytes == bytes_again
    assert again.evaluations == ended.evaluations

    first = next(progress for progress in shown if progress.epoch > 0)
    short = run("short", Limits(epochs=first.epoch))
    assert first.best == short.hall_of_fame.best[0]
    assert first.front == short.hall_of_fame.front
    assert first.evaluations == short.evaluations


def wait_for_checkpoints(run: Path, count: int, driver: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while len(list(run.glob("checkpoints/epoch-*.json"))) < count:
        assert driver.poll() is None, driver.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_driver_ended_and_resumed_with_another_number_of_workers(
    small_suite: Suite, ray_session: None, tmp_path: Path, ended_by: signal.Signals
) -> None:
    suite, run = tmp_path / "small.parquet", tmp_path / "run"
    write_suite(small_suite, suite)
    options = ["--suite", str(suite), "--islands", "4", "--population", "24", "--seed", "3"]
    driver = start(
        ["discover", *options, "--out", str(run), "--epochs", "100000", "--workers", "2", "--quiet"]
    )
    try:
        wait_for_checkpoints(run, 1, driver)
        driver.send_signal(ended_by)
        _, errors = driver.communicate(timeout=60)
    finally:
        driver.kill()
    reached = max(int(path.stem.partition("-")[2]) for path in run.glob("checkpoints/epoch-*.json"))
    if ended_by is signal.SIGKILL:
        assert driver.returncode == -signal.SIGKILL
        assert not (run / "result.json").exists()
    else:
        assert driver.returncode == 128 + ended_by
        assert errors.splitlines()[-1] == f"interrupted by {ended_by.name}; to continue: rayzc resume {run}"
        assert json.loads((run / "result.json").read_text())["epochs"] == reached

    last = reached + 5
    resumed = resume(run, limits=Limits(epochs=last), workers=3)
    assert resumed.epochs == last
    again = resume(run, limits=Limits(epochs=last), workers=1)
    assert (again.stopped, again.formula) == ("epochs", resumed.formula)

    whole = tmp_path / "whole"
    settings = Settings(seed=3, islands=4, population=24)
    discover(suite, settings=settings, limits=Limits(epochs=last), workers=2, out=whole)
    assert (run / "hall_of_fame.json").read_bytes() == (whole / "hall_of_fame.json").read_bytes()
