"""How many workers a cluster has room for, and on what."""

import pytest

from rayzc.cluster.measuring import opening
from rayzc.cluster.measuring.opening import measuring_pool
from rayzc.cluster.measuring.workers import capacity
from rayzc.errors import ClusterError
from rayzc.options import Setup


@pytest.mark.parametrize(
    ("resources", "setup", "device", "room"),
    [
        ({"CPU": 8.0}, Setup(), "cpu", 8),
        ({"CPU": 8.0}, Setup(cpus=3), "cpu", 2),
        ({"CPU": 2.0}, Setup(cpus=0.1), "cpu", 20),
        ({"CPU": 8.0, "GPU": 2.0}, Setup(), "cpu", 8),
        ({"CPU": 8.0, "GPU": 2.0}, Setup(), "cuda", 2),
        ({"CPU": 8.0, "GPU": 2.0}, Setup(gpus=0.25), "cuda", 8),
        ({"CPU": 4.0, "GPU": 2.0}, Setup(gpus=0.25), "cuda", 4),
        ({"CPU": 4.0, "GPU": 2.0}, Setup(gpus=0.25, cpus=0.5), "cuda", 8),
        ({"CPU": 0.0}, Setup(), "cpu", 1),
        ({}, Setup(), "cuda", 1),
    ],
)
def test_room_for_workers(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, float], setup: Setup, device: str, room: int
) -> None:
    monkeypatch.setattr("ray.cluster_resources", lambda: resources)
    assert capacity(setup, device) == room


@pytest.mark.parametrize(
    ("resources", "asked", "device"),
    [
        ({"GPU": 1.0}, None, "cuda"),
        ({"GPU": 1.0}, "cpu", "cpu"),
        ({"CPU": 1.0}, None, "cpu"),
        ({"GPU": 1.0}, "cuda", "cuda"),
    ],
)
def test_gpus_are_used_where_the_cluster_has_some(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, float], asked: str | None, device: str
) -> None:
    monkeypatch.setattr("ray.cluster_resources", lambda: resources)
    assert opening._device(Setup(device=asked)) == device


@pytest.mark.parametrize(
    ("workers", "outstanding", "message"),
    [
        (0, 1, "workers is 0: a measuring pool needs at least 1"),
        (1, 0, "outstanding is 0: a client must be allowed"),
    ],
)
def test_numbers_that_are_not_possible(workers: int, outstanding: int, message: str) -> None:
    with pytest.raises(ClusterError, match=message):
        with measuring_pool(workers=workers, outstanding=outstanding):
            pass
