from typing import Any

import pytest
import torch
from torch import nn

from rayzc.errors import ProxyError
from rayzc.passes.network import (
    blocks,
    class_count,
    couples_images,
    layers,
    logits_of,
    relus,
)
from rayzc.spaces import build
from tests.proxies.nets import Chain, Unnormed, normed


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(*normed(4, 4), nn.ReLU())


def test_blocks_of_a_cell_network() -> None:
    network = build("nasbench201", "(4, 3, 3, 3, 2, 3)", depth=2, width=4)
    names = [type(block).__name__ for block in blocks(network)]
    assert (
        names
        == ["Sequential", *["EdgeCell"] * 2, "ReductionBlock", *["EdgeCell"] * 2, "ReductionBlock"]
        + ["EdgeCell"] * 2
    )


def test_blocks_within_containers_and_wrappers() -> None:
    stages = nn.ModuleDict({"one": nn.ModuleList([Residual(), Residual()]), "two": Residual()})
    model = nn.Sequential(normed(3, 4), stages, nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()), nn.Linear(4, 2))
    found = blocks(model)
    assert [type(block).__name__ for block in found] == ["Sequential", "Residual", "Residual", "Residual"]
    wrapper = nn.Module()
    wrapper.add_module("model", model)
    assert blocks(wrapper) == found


def test_blocks_of_a_flat_network_are_its_convolutions() -> None:
    assert all(isinstance(block, nn.Conv2d) for block in blocks(Unnormed()))
    assert len(blocks(Unnormed())) == 2


def test_tied_and_computed_weights() -> None:
    model = nn.Sequential(
        nn.Linear(3, 3), nn.Linear(3, 3), nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))
    )
    model[1].weight = model[0].weight
    assert [layer.weight for layer in layers(model)] == ["0.weight", "0.weight"]


def test_relus_by_the_name_of_their_class() -> None:
    model = nn.Sequential(nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(), nn.GELU(), nn.Sequential(nn.PReLU()))

    class ReLUConv(nn.Sequential):
        """A container with ReLU in its name is none."""

    model.append(ReLUConv(nn.Conv2d(1, 1, 1)))
    assert [type(module).__name__ for module in relus(model)] == ["ReLU", "ReLU6", "LeakyReLU", "PReLU"]


@pytest.mark.parametrize(
    ("norm", "coupled"),
    [
        (nn.BatchNorm2d(3), True),
        (nn.SyncBatchNorm(3), True),
        (nn.GroupNorm(1, 3), False),
        (nn.Dropout(), False),
    ],
)
def test_what_couples_images(norm: nn.Module, coupled: bool) -> None:
    assert couples_images(nn.Sequential(norm)) is coupled


def test_class_count() -> None:
    assert class_count(Chain(), None) == 10
    assert class_count(nn.Conv2d(1, 1, 1), torch.tensor([0, 4])) == 5
    assert class_count(nn.Conv2d(1, 1, 1), None) is None


FEATURES, LOGITS, MAPS = torch.zeros(4, 64), torch.ones(4, 10), torch.zeros(4, 3, 2, 2)


@pytest.mark.parametrize(
    "output",
    [
        LOGITS,
        (FEATURES, LOGITS),
        (LOGITS, FEATURES),
        [MAPS, LOGITS],
        {"features": FEATURES, "logits": LOGITS},
        (MAPS, {"heads": [torch.zeros(4, dtype=torch.long), LOGITS]}),
    ],
)
def test_logits_of(output: Any) -> None:
    assert logits_of(output, 4, 10) is LOGITS


def test_logits_of_unknown_classes_are_the_first() -> None:
    assert logits_of((MAPS, FEATURES, LOGITS), 4, None) is FEATURES


def test_no_logits() -> None:
    with pytest.raises(ProxyError, match=r"returned a tuple without a tensor of shape \(4 images, classes\)"):
        logits_of((MAPS, "text"), 4, 10)
