"""Batches are known by what they are: how they are drawn, or their content."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
import ray

from rayzc.cluster.measuring.batches import Batches
from rayzc.errors import ProxyError
from rayzc.options import Setup
from rayzc.spaces import Task

TASK = Task(10, 8)


def identity(setup: Setup, task: Task = TASK, seed: int = 0) -> str:
    return asyncio.run(Batches(setup).identity(task, seed))


def test_random_images_are_known_by_how_they_are_drawn() -> None:
    names = [
        identity(Setup(batch=4)),
        identity(Setup(batch=5)),
        identity(Setup(batch=4), seed=1),
        identity(Setup(batch=4), Task(11, 8)),
        identity(Setup(batch=4), Task(10, 9)),
        identity(Setup(batch=4), Task(10, 8, patches=9)),
    ]
    assert len(set(names)) == len(names)
    assert identity(Setup(batch=4, width=4, time_limit=3)) == names[0]


def test_images_of_a_file_are_known_by_content(ray_session: None, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(5, 3, 8, 8)).astype(np.float32), np.arange(5)
    for name, shown, classes in (
        ("a", images, labels),
        ("same", images, labels),
        ("images", images[::-1], labels),
        ("labels", images, labels[::-1]),
    ):
        np.savez(tmp_path / f"{name}.npz", images=shown, labels=classes)

    def of(name: str, batch: int = 5) -> str:
        return identity(Setup(batch=batch, images=str(tmp_path / f"{name}.npz")))

    assert of("a") == of("same")
    assert len({of("a"), of("images"), of("labels"), of("a", batch=4)}) == 4

    batches = Batches(Setup(batch=4, images=str(tmp_path / "a.npz")))
    kept = ray.get(batches.reference(asyncio.run(batches.identity(TASK, 0))))
    assert np.array_equal(kept[0], images[:4])
    assert np.array_equal(kept[1], labels[:4])


def test_images_that_do_not_fit(ray_session: None, tmp_path: Path) -> None:
    file = tmp_path / "batch.npz"
    np.savez(file, images=np.zeros((2, 3, 8, 8), np.float32), labels=np.array([3, 10]))
    with pytest.raises(ProxyError, match="there is a label 10, but the task has only 10 classes"):
        identity(Setup(images=str(file)))
    with pytest.raises(ProxyError, match=r"images are \(3, 8, 8\)"):
        identity(Setup(images=str(file)), Task(11, 16))
    with pytest.raises(ProxyError, match=r"none.npz"):
        identity(Setup(images=str(tmp_path / "none.npz")))
