"""Discoveries to which something happens: each ends with the hall of fame of the one that was left in peace."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rayzc.cluster import Progress, discover, resume
from rayzc.options import Limits
from tests.cluster.faults.conftest import Survived
from tests.cluster.faults.drivers import EPOCHS, OPTIONS, SETTINGS, checkpoints, named, started, wait_until

pytestmark = pytest.mark.cluster


class Watch:
    """Does something to the workers at an epoch, and measures how long the islands take to advance by two more."""

    def __init__(self, harm: Callable[[Progress], None]) -> None:
        self.harm = harm
        self.begun: float | None = None
        self.epoch = 0
        self.seconds = float("nan")

    def __call__(self, progress: Progress) -> None:
        if self.begun is None and progress.epoch >= 4 and len(progress.processes) == 2:
            self.begun, self.epoch = time.monotonic(), progress.epoch
            self.harm(progress)
        elif self.begun is not None and self.seconds != self.seconds and progress.epoch >= self.epoch + 3:
            self.seconds = time.monotonic() - self.begun


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_an_island_worker(
    suite: Path, tmp_path: Path, expected: bytes, survived: Survived, number: signal.Signals
) -> None:
    watch = Watch(lambda progress: os.kill(progress.processes[0], number))
    out = tmp_path / "run"
    result = discover(
        suite, settings=SETTINGS, limits=Limits(epochs=EPOCHS), workers=2, out=out, listen=watch
    )
    assert result.workers_lost == 1
    survived(
        f"{number.name} of an island worker",
        watch.seconds,
        (out / "hall_of_fame.json").read_bytes() == expected,
    )


def arguments(suite: Path, out: Path) -> list[str]:
    """A discovery of two workers."""
    return [
        "discover",
        "--suite",
        str(suite),
        "--out",
        str(out),
        "--epochs",
        str(EPOCHS),
        "--workers",
        "2",
        *OPTIONS,
    ]


def resumed(out: Path) -> bytes:
    """The hall of fame after a resume with another number of workers."""
    resume(out, workers=3)
    return (out / "hall_of_fame.json").read_bytes()


@pytest.mark.parametrize("daemon", ["raylet", "gcs_server"])
def test_a_daemon_of_a_local_ray(
    suite: Path, tmp_path: Path, expected: bytes, survived: Survived, daemon: str
) -> None:
    """The command notices, and goes on with a new Ray."""
    out = tmp_path / "run"
    with started(*arguments(suite, out)) as driver:
        wait_until(lambda: checkpoints(out) >= 1, driver)
        (victim,) = named(driver.pid, daemon)
        begun, reached = time.monotonic(), checkpoints(out)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: checkpoints(out) > reached, driver)
        seconds = time.monotonic() - begun
        _, errors = driver.communicate(timeout=120)
    assert driver.returncode == 0, errors
    assert f"was lost, and is started again: rayzc resume {out} --workers 2" in errors
    same = (out / "hall_of_fame.json").read_bytes() == expected
    survived(f"SIGKILL of {daemon} of a local Ray, to the next checkpoint", seconds, same)


def test_sigterm_to_all_processes(suite: Path, tmp_path: Path, expected: bytes, survived: Survived) -> None:
    out = tmp_path / "run"
    with started(*arguments(suite, out)) as driver:
        wait_until(lambda: checkpoints(out) >= 1, driver)
        begun = time.monotonic()
        os.killpg(driver.pid, signal.SIGTERM)
        _, errors = driver.communicate(timeout=60)
        seconds = time.monotonic() - begun
    assert driver.returncode == 143, errors
    assert f"interrupted by SIGTERM; to continue: rayzc resume {out}" in errors
    assert seconds < 12
    survived("SIGTERM to the process group, then resume", seconds, resumed(out) == expected)


def test_the_driver(suite: Path, tmp_path: Path, expected: bytes, survived: Survived) -> None:
    out = tmp_path / "run"
    with started(*arguments(suite, out)) as driver:
        wait_until(lambda: checkpoints(out) >= 1, driver)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    begun = time.monotonic()
    reached = checkpoints(out)
    watch: list[float] = []

    def look(progress: Progress) -> None:
        if not watch and progress.epoch > reached:
            watch.append(time.monotonic() - begun)

    resume(out, workers=3, listen=look)
    survived(
        "SIGKILL of the driver, then resume", watch[0], (out / "hall_of_fame.json").read_bytes() == expected
    )


def test_a_full_disk(suite: Path, tmp_path: Path, expected: bytes, survived: Survived) -> None:
    """The disk below the run's folder is full for a while: checkpoints fail, the run goes on."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    out, filler = place / "run", place / "filler"
    said: list[str] = []

    def fill(progress: Progress) -> None:
        if not filler.exists() and checkpoints(out) >= 1:
            with filler.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass

    try:
        result = discover(
            suite,
            settings=SETTINGS,
            limits=Limits(epochs=EPOCHS),
            workers=2,
            out=out,
            listen=fill,
            warn=said.append,
        )
        assert result.trouble is not None
        assert any("cannot be written" in text for text in said)
        kept = checkpoints(out)
        assert 1 <= kept < EPOCHS
        filler.unlink()
        begun = time.monotonic()
        survived("disk full, then room and resume", time.monotonic() - begun, resumed(out) == expected)
    finally:
        subprocess.run(["umount", str(place)], check=True)
        shutil.rmtree(place)
