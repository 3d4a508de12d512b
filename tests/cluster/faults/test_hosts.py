"""A discovery over two hosts, of which one is cut off from the network for a while."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.faults.conftest import Survived
from tests.cluster.faults.drivers import Watched, held, wait_until, watched
from tests.cluster.faults.hosts import Network, network

pytestmark = pytest.mark.cluster

SHORT = 2.0
LONG = 12.0
"""Seconds. Ray gives a machine up that has not answered for some four seconds, as these hosts are set."""


@pytest.fixture
def hosts() -> Iterator[Network]:
    """A head, which computes nothing, and two hosts with a CPU each."""
    with network("head", "near", "far") as made:
        made.start("head", cpus=0)
        made.start("near", cpus=1)
        made.start("far", cpus=1)
        yield made


def begin(run: Watched) -> None:
    run.wait_for(lambda said: said["epoch"] >= 4 and len(said["processes"]) == 2)


def given(suite: Path, out: Path, hosts: Network) -> dict[str, object]:
    return {"suite": str(suite), "out": str(out), "address": hosts.address}


def test_cut_off_for_a_moment(
    suite: Path, tmp_path: Path, expected: bytes, survived: Survived, hosts: Network
) -> None:
    out = tmp_path / "run"
    with watched(given(suite, out, hosts), hosts.on("head"), hosts.environment) as run:
        begin(run)
        hosts.unplug("far")
        begun = time.monotonic()
        time.sleep(SHORT)
        hosts.plug("far")
        seconds = run.recovered(begun)
        ended = run.end()
    assert not hosts.stopped("far")
    assert ended["lost"] == 0
    same = (out / "hall_of_fame.json").read_bytes() == expected
    survived(f"a host cut off for {SHORT:.0f} s, to two more epochs", seconds, same)


def test_cut_off_for_longer_than_ray_waits(
    suite: Path, tmp_path: Path, expected: bytes, survived: Survived, hosts: Network
) -> None:
    """Ray gives the host up, and what runs on it ends by itself once it is back; then Ray is started there again."""
    out = tmp_path / "run"
    with watched(given(suite, out, hosts), hosts.on("head"), hosts.environment) as run:
        begin(run)
        hosts.unplug("far")
        begun = time.monotonic()
        seconds = run.recovered(begun)
        with held(hosts.environment):
            run.wait_for(lambda said: said["lost"] >= 1 and len(said["processes"]) == 1)
            time.sleep(max(0.0, begun + LONG - time.monotonic()))
            hosts.plug("far")
            back = time.monotonic()
            wait_until(lambda: hosts.stopped("far"))
            hosts.start("far", cpus=1)
            joined = run.wait_for(lambda said: len(said["processes"]) == 2) - back
        run.end()
    same = (out / "hall_of_fame.json").read_bytes() == expected
    survived("a host cut off for longer than Ray waits, to two more epochs", seconds, same)
    survived("the host is back and Ray started there again, to a worker on it", joined, same)
