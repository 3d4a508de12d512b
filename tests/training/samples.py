"""Small images that a network can tell apart, and small networks."""

import numpy as np
import torch
from torch import nn

from rayzc.images import LabelledImages
from rayzc.spaces import search_space
from rayzc.training import TrainingData

CELL = "(4, 3, 3, 3, 2, 3)"
DARTS = (
    "[[(0, 3), (1, 4), (0, 2), (2, 5), (1, 6), (2, 0), (0, 1), (3, 3)], "
    "[(0, 2), (1, 3), (1, 0), (2, 5), (0, 4), (3, 2), (2, 1), (4, 6)]]"
)


def labelled_images(
    images: int = 60, tested: int = 30, side: int = 8, classes: int = 3, channels: int = 3
) -> LabelledImages:
    """Noise with a bright bar whose row says the class, as bytes."""
    rng = np.random.default_rng(3)
    labels = np.arange(images + tested) % classes
    pixels = rng.integers(0, 120, (images + tested, channels, side, side), dtype=np.uint8)
    for row, label in enumerate(labels):
        pixels[row, :, 2 * label : 2 * label + 2] += 120
    return LabelledImages(pixels[:images], labels[:images], pixels[images:], labels[images:])


def data(images: int = 60, tested: int = 30, side: int = 8, classes: int = 3) -> TrainingData:
    """The same as tensors."""
    return TrainingData.of(labelled_images(images, tested, side, classes))


def built(space: str, encoding: str, width: int, classes: int = 3, side: int = 8, seed: int = 0) -> nn.Module:
    """A network of depth 1 with weights from a seed."""
    known = search_space(space)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return known.build(known.parse(encoding), classes, side, width=width, depth=1)


def cell(width: int = 4, seed: int = 0) -> nn.Module:
    """A network of NAS-Bench-201."""
    return built("nasbench201", CELL, width, seed=seed)


class Dropping(nn.Module):
    """A network that draws random numbers of its own."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 3),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Flatten(),
            nn.Linear(216, classes),
        )

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.layers(images)
        return images, logits


def dropping(seed: int = 0) -> nn.Module:
    """Such a network with weights from a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Dropping()
