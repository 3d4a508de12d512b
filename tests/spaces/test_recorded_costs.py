"""The rebuilt networks are those that NAS-Bench-Suite-Zero measured.

For every architecture with recorded ``params`` and ``flops`` the network is built and counted, and both numbers
are equal, to the last digit. An architecture that a space measured on several tasks is built once; for the
other tasks its classifier is replaced. That this is the same as building it anew is checked on a sample.
Operations are counted by the rules of the proxy ``flops``, which are thereby checked, too.
"""

import gc
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from rayzc.spaces import SPACES, SearchSpace, Task
from rayzc.spaces.blocks import Network
from rayzc.spaces.encoding import Value
from tests.spaces.cost import Cost, cost

EXCEPTIONS: dict[tuple[str, str, str], str] = {}
"""(space, task, encoding) -> why its numbers differ. There is none."""

ENTRIES = {
    "nasbench101": 500,
    "nasbench201": 2174,
    "nasbench301": 725,
    "transbench101_micro": 2844,
    "transbench101_macro": 2774,
}
"""How many (task, encoding) pairs of each space have both numbers in the suite's excerpt."""

Recorded = dict[str, dict[str, tuple[float, float]]]


def recorded(folder: Path, space: str) -> Recorded:
    """encoding -> task -> (params, flops), both in millions."""
    path = folder / f"zc_{space}.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    found: Recorded = {}
    for task, entries in json.loads(path.read_text()).items():
        for encoding, entry in entries.items():
            if "params" in entry and "flops" in entry:
                scores = entry["params"]["score"], entry["flops"]["score"]
                found.setdefault(encoding, {})[task] = scores
    return found


@pytest.fixture
def _quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No drawing of weights, at which nothing here looks, and no search for garbage: networks leave none."""
    for layer in (nn.Conv2d, nn.BatchNorm2d, nn.Linear):
        monkeypatch.setattr(layer, "reset_parameters", lambda self: None)
    for name in ("kaiming_normal_", "normal_", "zeros_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *_, **__: tensor)
    gc.disable()
    yield
    gc.enable()


def costs(space: SearchSpace, architecture: Value, tasks: list[str]) -> Iterator[tuple[str, Cost]]:
    """What the architecture costs on each task."""
    by_shape = sorted(tasks, key=lambda name: space.tasks[name].input_shape)
    network = space.build_for(architecture, by_shape[0])
    for shape, names in itertools.groupby(by_shape, key=lambda name: space.tasks[name].input_shape):
        body = None
        for name in names:
            adapt(network, space.tasks[name])
            head = cost(network.classifier, (network.classifier.in_features,))
            if body is None:
                whole = cost(network, shape)
                body = Cost(whole.parameters - head.parameters, whole.flops - head.flops)
            yield name, Cost(body.parameters + head.parameters, body.flops + head.flops)


def adapt(network: Network, task: Task) -> None:
    channels = network.classifier.in_features // network.patches
    network.patches = task.patches
    network.classifier = nn.Linear(channels * task.patches, task.classes)


@pytest.mark.usefixtures("_quickly")
@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SPACES)
def test_costs_are_those_recorded(name: str, every: int, nbsz_path: Path) -> None:
    space = SPACES[name]
    different, checked = {}, 0
    for encoding, scores in list(recorded(nbsz_path, name).items())[::every]:
        for task, counted in costs(space, space.parse(encoding), list(scores)):
            checked += 1
            ours = counted.parameters / 1e6, counted.flops / 1e6
            if ours != scores[task]:
                different[name, task, encoding] = (ours, scores[task])
    assert {*different} <= {*EXCEPTIONS}, f"ours and recorded (params, flops) in millions: {different}"
    # Some encodings have more tasks than others.
    assert checked >= (ENTRIES[name] if every == 1 else ENTRIES[name] / every / 2)


@pytest.mark.usefixtures("_quickly")
@pytest.mark.parametrize("name", SPACES)
def test_a_sample_built_for_each_of_its_tasks(name: str, nbsz_path: Path) -> None:
    space = SPACES[name]
    sample = list(recorded(nbsz_path, name).items())[::150]
    assert sample
    for encoding, scores in sample:
        for task, (parameters, flops) in scores.items():
            network = space.build_for(space.parse(encoding), task)
            counted = cost(network, network.input_shape)
            assert (counted.parameters / 1e6, counted.flops / 1e6) == (parameters, flops), (task, encoding)
            assert counted.parameters == sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", SPACES)
def test_networks_on_the_meta_device_cost_the_same(name: str, nbsz_path: Path) -> None:
    space = SPACES[name]
    encoding, scores = next(iter(recorded(nbsz_path, name).items()))
    task, (parameters, flops) = next(iter(scores.items()))
    with torch.device("meta"):
        network = space.build_for(space.parse(encoding), task)
    assert all(parameter.is_meta for parameter in network.parameters())
    counted = cost(network, network.input_shape)
    assert (counted.parameters / 1e6, counted.flops / 1e6) == (parameters, flops)
