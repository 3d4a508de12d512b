"""Architectures for tasks that are not those of their spaces."""

import numpy as np
import pytest

from rayzc.errors import SpaceError
from rayzc.measurement import Request
from rayzc.proxies.architectures import measure_architecture
from rayzc.spaces import Task, search_space

SPACE = "nasbench201"
ENCODING = "(2, 1, 0, 1, 1, 1)"


def request(task: str) -> Request:
    return Request(SPACE, ENCODING, task, ("params", "nwot"))


@pytest.mark.parametrize("task", [Task(3, 8), Task(5, 4, 4)])
def test_a_task_from_elsewhere(task: Task) -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, *task.input_shape)).astype(np.float32)
    found = measure_architecture(
        request("mine"), batch=(images, np.arange(4) % 3), width=4, depth=1, task=task, device="cpu"
    )
    space = search_space(SPACE)
    network = space.build_for(space.parse(ENCODING), task, width=4, depth=1)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert found.scores["params"] == pytest.approx(count / 1e6)
    assert np.isfinite(found.scores["nwot"])


def test_random_images_of_its_shape() -> None:
    found = measure_architecture(request("mine"), batch=4, width=4, depth=1, task=Task(3, 8), device="cpu")
    own = measure_architecture(request("cifar10"), batch=4, width=4, depth=1, device="cpu")
    assert found.scores["nwot"] != own.scores["nwot"]


def test_a_task_that_nobody_has() -> None:
    with pytest.raises(SpaceError, match="nasbench201 has no task 'mine'"):
        measure_architecture(request("mine"), batch=4, width=4, depth=1)
