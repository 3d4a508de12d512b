"""The search spaces without tables: parameters as published, sizes, and networks that run."""

import numpy as np
import pytest
import torch
from torch import nn

from rayzc.spaces import search_space
from rayzc.spaces.autoformer import VisionTransformer
from rayzc.spaces.darts import DartsNetwork
from rayzc.spaces.mobilenetv2 import MOST_MULTIPLY_ADDS, MobileNet, multiply_adds
from rayzc.spaces.registry import FURTHER


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_darts_v2_has_the_published_parameters() -> None:
    # github.com/quark0/darts: the genotype DARTS_V2, whose training logs "param size = 3.349342MB".
    separable, skip, pool = "sep_conv_3x3", "skip_connect", "max_pool_3x3"
    normal = [
        ((0, 1), (separable, separable)),
        ((0, 1), (separable, separable)),
        ((0, 1), (skip, separable)),
        ((0, 2), (skip, "dil_conv_3x3")),
    ]
    reduction = [
        ((0, 1), (pool, pool)),
        ((1, 2), (pool, skip)),
        ((0, 2), (pool, skip)),
        ((1, 2), (pool, skip)),
    ]
    assert parameters(DartsNetwork(normal, reduction)) == 3_349_342
    assert search_space("darts").size == (1 * 3 * 6 * 10 * 7**8) ** 2


def test_mobilenetv2_has_the_published_parameters() -> None:
    # pytorch.org/vision/stable/models/generated/torchvision.models.mobilenet_v2.html: num_params 3504872, GFLOPS 0.30.
    rows = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))
    stages = [{"expansion": t, "width": c, "depth": n, "kernel": 3} for t, c, n in rows]
    assert parameters(MobileNet(32, stages, 1280)) == 3_504_872
    assert round(multiply_adds(32, stages, 1280) / 1e9, 2) == 0.30
    space = search_space("mobilenetv2")
    named = {f"stage{number}": stage for number, stage in enumerate(stages, start=1)}
    space.validate(space.encode({"stem": 32, **named, "head": 1280}))  # type: ignore[attr-defined]


def test_mobilenets_are_small() -> None:
    space = search_space("mobilenetv2")
    rng = np.random.default_rng(0)
    for _ in range(50):
        chosen = space.decode(space.sample(rng))  # type: ignore[attr-defined]
        stages = [chosen[f"stage{number}"] for number in range(1, 8)]
        assert multiply_adds(chosen["stem"], stages, chosen["head"]) <= MOST_MULTIPLY_ADDS


def test_deit_tiny_has_the_published_parameters() -> None:
    # timm's results table: deit_tiny_patch16_224 has 5.72 million parameters; 5,717,416 counted.
    layers = [{"heads": 3, "ratio": 4.0}] * 12
    assert parameters(VisionTransformer(192, layers, relative=False)) == 5_717_416
    assert search_space("autoformer_tiny").size == 3 * (4**12 + 4**13 + 4**14)


@pytest.mark.parametrize("name", FURTHER)
def test_architectures_are_read_moved_and_run(name: str) -> None:
    space = search_space(name)
    rng = np.random.default_rng(0)
    first, second = space.sample(rng), space.sample(rng)
    for each in (first, second, space.mutate(first, rng), space.cross_over(first, second, rng)):
        assert space.parse(space.format(each)) == each
    width = 4 if name == "darts" else None
    network = space.build(first, classes=7, input_size=32, width=width, depth=1)
    logits = network(torch.randn(2, 3, 32, 32))
    assert logits.shape == (2, 7)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
