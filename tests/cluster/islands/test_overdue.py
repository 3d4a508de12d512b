"""When a worker counts as hung: by its silence while it has something to do, told without Ray."""

import pytest

from rayzc.cluster.islands.workers import IslandWorkers, Worker


def made(steps: int, load: int) -> tuple[IslandWorkers, Worker]:
    workers = IslandWorkers(1)
    worker = Worker(None, None, process=1, steps=steps)
    for _ in range(load):
        workers.add_load(worker, 1)
    workers._workers.append(worker)
    return workers, worker


def seconds_to_notice(workers: IslandWorkers) -> float:
    """Seconds until a worker is overdue, looked at four times a second."""
    for looks in range(1, 4000):
        if workers.overdue(0.25):
            return looks / 4
    return float("inf")


@pytest.mark.parametrize(
    ("steps", "longest", "seconds"), [(5, 0.01, 30.25), (5, 2.0, 40.25), (0, 0.0, 120.25), (0, 30.0, 600.25)]
)
def test_patience(steps: int, longest: float, seconds: float) -> None:
    """Thirty seconds at least, else twenty times the longest step; the first step of a worker has two minutes."""
    workers, worker = made(steps, 2)
    workers.took(longest)
    workers.took(longest / 2)
    assert seconds_to_notice(workers) == seconds
    assert workers.overdue(0.0) == [worker]


def test_a_worker_without_a_task_is_never_overdue() -> None:
    workers, _ = made(5, 0)
    assert seconds_to_notice(workers) == float("inf")


def test_whatever_it_finishes_is_a_sign_of_life() -> None:
    workers, worker = made(5, 2)
    for _ in range(30):
        assert workers.overdue(1.0) == [] or worker.silent > 30
        workers.finished(worker)
        workers.add_load(worker, 1)
    assert worker.silent <= 1.0
    assert worker.load == 2


def test_a_driver_that_stood_still_is_patient() -> None:
    workers, _ = made(5, 1)
    assert workers.overdue(3600.0) == []
    assert seconds_to_notice(workers) == 29.25
