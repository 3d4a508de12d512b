"""Machines that leave a cluster, by and by or at once, and others that join, while a discovery runs on it."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.faults.conftest import Survived
from tests.cluster.faults.drivers import checkpoints, held, machines, wait_until, watched

pytestmark = pytest.mark.cluster

STORE = 80_000_000
BALLAST = 25  # objects of 8 MB: two and a half times the store


@pytest.mark.parametrize(
    ("command", "fault"),
    [("drain", "a machine leaves gracefully"), ("kill", "a machine is lost")],
)
def test_a_machine_leaves_and_another_joins(
    suite: Path, tmp_path: Path, expected: bytes, survived: Survived, command: str, fault: str
) -> None:
    out = tmp_path / "run"
    with machines(2) as cluster:
        given = {"suite": str(suite), "out": str(out), "address": cluster.address}
        with watched(given, environment=cluster.environment) as run:
            run.wait_for(lambda said: said["epoch"] >= 4 and len(said["processes"]) == 2)
            before = set(run.last["processes"])
            begun = time.monotonic()
            cluster.do(f"{command} 0")
            left = run.recovered(begun)
            with held(cluster.environment):
                run.wait_for(lambda said: len(said["processes"]) == 1)
                joining = time.monotonic()
                cluster.do("add")
                joined = run.wait_for(lambda said: len(said["processes"]) == 2) - joining
            (new,) = set(run.last["processes"]) - before
            ended = run.end()
    assert new
    assert ended["lost"] >= 1
    same = (out / "hall_of_fame.json").read_bytes() == expected
    survived(f"{fault}, to two more epochs", left, same)
    survived("a machine joins, to a worker on it", joined, same)


def test_the_driver_is_killed_and_resumed_on_more_machines(
    suite: Path, tmp_path: Path, expected: bytes, survived: Survived
) -> None:
    out = tmp_path / "run"
    with machines(1) as cluster:
        given = {"suite": str(suite), "out": str(out), "address": cluster.address}
        with watched(given, environment=cluster.environment) as run:
            wait_until(lambda: checkpoints(out) >= 1, run.process)
            run.process.send_signal(signal.SIGKILL)
            run.process.wait()
        reached = checkpoints(out)
        cluster.do("add")
        cluster.do("add")
        begun = time.monotonic()
        with watched(given, environment=cluster.environment) as run:
            seconds = run.wait_for(lambda said: said["epoch"] > reached) - begun
            with held(cluster.environment):
                run.wait_for(lambda said: len(said["processes"]) == 3)
            run.end()
    same = (out / "hall_of_fame.json").read_bytes() == expected
    survived("SIGKILL of the driver, then resume on three machines in place of one", seconds, same)


def test_an_object_store_that_spills(
    suite: Path, tmp_path: Path, expected: bytes, survived: Survived
) -> None:
    """Two and a half times what the store holds is put into it all the time."""
    out = tmp_path / "run"
    with machines(0, store=STORE, head_cpus=2) as cluster:
        given: dict[str, Any] = {"suite": str(suite), "out": str(out), "address": cluster.address}
        with watched(given | {"ballast": BALLAST}, environment=cluster.environment) as run:
            ended = run.end()
            seconds = run.lines[-1][0] - run.lines[0][0]
    assert ended["spilled"]
    same = (out / "hall_of_fame.json").read_bytes() == expected
    survived("an object store that spills all the time, the whole run", seconds, same)
