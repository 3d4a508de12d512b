"""Small networks for the tests of proxies, with weights that are drawn the same way everywhere.

The four of :data:`FIXED` have the layers, in the order, of those whose reference scores are known.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class Headed(nn.Module):
    """A body of features, global average pooling and a linear head, which comes first in ``modules()``."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.forward_features(images).mean((2, 3)))


def conv(inputs: int, outputs: int, size: int = 3, **how: Any) -> nn.Conv2d:
    reach = how.get("dilation", 1) * (size - 1) // 2
    return nn.Conv2d(inputs, outputs, size, padding=reach, bias=False, **how)


def normed(inputs: int, outputs: int, size: int = 3, **how: Any) -> nn.Sequential:
    return nn.Sequential(conv(inputs, outputs, size, **how), nn.BatchNorm2d(outputs))


class Chain(Headed):
    def __init__(self) -> None:
        super().__init__(16, 10)
        self.layers = nn.Sequential(
            *(normed(3, 8), nn.ReLU()), *(normed(8, 16, stride=2), nn.ReLU()), *(normed(16, 16), nn.ReLU())
        )

    def forward_features(self, images: Tensor) -> Tensor:
        return self.layers(images)


class Shortcuts(Headed):
    def __init__(self) -> None:
        super().__init__(24, 10)
        self.layers = nn.ModuleList(
            [
                normed(3, 12),
                normed(12, 12),
                normed(12, 12),
                normed(12, 24, stride=2),
                normed(24, 24),
                normed(12, 24, 1, stride=2),
            ]
        )
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(4))

    def forward_features(self, images: Tensor) -> Tensor:
        stem, first, second, third, fourth, side = self.layers
        relu = self.relus
        images = stem(images)
        images = relu[1](images + second(relu[0](first(images))))
        return relu[3](side(images) + fourth(relu[2](third(images))))


class Paths(Headed):
    def __init__(self) -> None:
        super().__init__(32, 6)
        self.stem = nn.Sequential(*normed(3, 8), nn.ReLU())
        self.separable = nn.Sequential(conv(8, 8, groups=8), *normed(8, 8, 1))
        self.dilated = normed(8, 8, dilation=2)
        self.pooled = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.relu = nn.ReLU()

    def forward_features(self, images: Tensor) -> Tensor:
        images = self.stem(images)
        paths = self.separable, self.dilated, self.pooled, nn.Identity()
        return self.relu(torch.cat([path(images) for path in paths], 1))


class Unnormed(Headed):
    def __init__(self) -> None:
        super().__init__(10, 4)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 10, 3, 2, padding=1), nn.ReLU()
        )

    def forward_features(self, images: Tensor) -> Tensor:
        return self.layers(images)


FIXED: dict[str, tuple[Callable[[], nn.Module], int, int, int, int]] = {
    "branches": (Paths, 12, 8, 6, 0),
    "nonorm": (Unnormed, 8, 8, 4, 1),
    "plain": (Chain, 16, 12, 10, 2),
    "residual": (Shortcuts, 24, 10, 10, 3),
}
"""Maker, images, side in pixels, classes, and the number that their random draws have."""


def fixed(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    """The network called `name` with its fixed weights, its images and its labels."""
    make, size, side, classes, number = FIXED[name]
    network = make().train()
    draws = np.random.default_rng([0, number])
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                shape = tuple(module.weight.shape)
                spread = (2 / np.prod(shape[1:])) ** 0.5
                module.weight.copy_(torch.from_numpy(draws.normal(0, spread, shape)))
                if module.bias is not None:
                    module.bias.copy_(torch.from_numpy(draws.normal(0, 0.1, tuple(module.bias.shape))))
    pixels = np.random.default_rng([0, 100 + number]).normal(size=(size, 3, side, side))
    return network, torch.from_numpy(pixels.astype(np.float32)), torch.arange(size) % classes


class Tupled(Chain):
    """Gives features and logits, as the networks of NAS-Bench-201's own code do."""

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        features = self.forward_features(images).mean((2, 3))
        return features, self.head(features)


class Remembering(Chain):
    """Changes itself when it is run: keeps its last features, counts its calls, drops out."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.register_buffer("seen", torch.zeros(16))

    def forward_features(self, images: Tensor) -> Tensor:
        self.calls += 1
        features = nn.functional.dropout(super().forward_features(images), 0.2, self.training)
        self.last = features
        self.seen += features.detach().mean((0, 2, 3))
        return features


def linear() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 6, 3), nn.Flatten(), nn.Linear(6 * 64, 10))


def frozen() -> nn.Module:
    network = Chain()
    for parameter in network.layers.parameters():
        parameter.requires_grad_(False)
    return network


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 144, 16), nn.ReLU(), nn.Linear(16, 10))


def viewing() -> nn.Module:
    """Has a ``view`` that refuses channels-last activations."""

    class Viewing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.relu, self.head = nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Linear(400, 10)

        def forward(self, images: Tensor) -> Tensor:
            return self.head(self.relu(self.conv(images)).view(len(images), -1))

    return Viewing()


def tied() -> nn.Module:
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(432, 12), nn.ReLU(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 12)
    )
    network[5].weight = network[3].weight  # type: ignore[assignment]
    return network


def computed() -> nn.Module:
    """Has weights that are computed from others, by power iteration among them."""
    normalised = nn.utils.parametrizations
    return nn.Sequential(
        normalised.spectral_norm(nn.Conv2d(3, 4, 3)),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 4, 3),
        nn.Flatten(),
        normalised.weight_norm(nn.Linear(256, 10)),
    )


ODD: dict[str, Callable[[], nn.Module]] = {
    "chain": Chain,
    "paths": Paths,
    "no batch norm": Unnormed,
    "no relu": linear,
    "frozen": frozen,
    "tuples": Tupled,
    "remembering": Remembering,
    "no convolution": perceptron,
    "view": viewing,
    "tied": tied,
    "computed": computed,
}
"""Networks for images ``(3, 12, 12)`` and up to ten classes, each odd in its way."""
