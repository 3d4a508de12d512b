"""A space of inverted residual bottlenecks around MobileNetV2, of at most 450 million multiply-adds.

Zero-cost searches of ImageNet networks (ZenNAS, ZiCo, AZ-NAS) move in spaces of this kind: stages of MobileNetV2's
blocks, each with its own depth, width, kernel and expansion. MobileNetV2 itself (Sandler et al. 2018,
https://arxiv.org/abs/1801.04381) is one of them. A stage has one kernel and one expansion for all its blocks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from torch import Tensor, nn

from rayzc.spaces.choices import Choices
from rayzc.spaces.space import Task

__all__ = ["MOBILENETV2", "MOST_MULTIPLY_ADDS", "MobileNet", "multiply_adds"]

MOST_MULTIPLY_ADDS = 450_000_000
SIDE = 224

_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, width, depth and stride of the stages of MobileNetV2."""

Stage = Mapping[str, int]


def _widths(width: int) -> list[int]:
    """Widths around one, multiples of eight, from half of it to one and a half."""
    return sorted({max(8, round(width * share / 8) * 8) for share in (0.5, 0.75, 1, 1.25, 1.5)})


def _stage(expansion: int, width: int, depth: int, stride: int) -> dict[str, Any]:
    return {
        "depth": list(range(1, depth + 3)),
        "width": _widths(width),
        "expansion": [1, 2, 4, 6],
        "kernel": [3, 5, 7],
    }


class Block(nn.Module):
    """An inverted residual bottleneck: wider by pointwise, then depthwise, then narrow by pointwise convolution."""

    def __init__(self, inputs: int, outputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage["expansion"]
        layers = _convolution(inputs, inner, 1) if stage["expansion"] > 1 else []
        layers += _convolution(inner, inner, stage["kernel"], stride, groups=inner)
        layers += [nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(batch, inputs, height, width)`` to ``(batch, outputs, height / stride, width / stride)``."""
        found = cast(Tensor, self.layers(images))
        return images + found if self.residual else found


class MobileNet(nn.Module):
    """A stem, stages of :class:`Block`, a pointwise convolution, and a linear classifier.

    Args:
        stem: channels of the first convolution.
        stages: depth, width, expansion and kernel of each stage.
        head: channels before the classifier.
        classes: number of classes.
    """

    def __init__(self, stem: int, stages: Sequence[Stage], head: int, classes: int = 1000) -> None:
        super().__init__()
        layers = _convolution(3, stem, 3, 2)
        width = stem
        for stage, (*_, stride) in zip(stages, _STAGES, strict=True):
            for number in range(stage["depth"]):
                layers.append(Block(width, stage["width"], stage, 1 if number else stride))
                width = stage["width"]
        self.features = nn.Sequential(*layers, *_convolution(width, head, 1))
        self.classifier = nn.Linear(head, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images ``(batch, 3, height, width)`` to logits ``(batch, classes)``."""
        return cast(Tensor, self.classifier(self.features(images).mean((2, 3))))


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU6()]


def multiply_adds(
    stem: int, stages: Sequence[Stage], head: int, side: int = SIDE, classes: int = 1000
) -> int:
    """Multiply-adds of convolutions and classifier for one image, counted from the choices without a network."""
    side = -(-side // 2)
    total = side**2 * 27 * stem
    width = stem
    for stage, (*_, stride) in zip(stages, _STAGES, strict=True):
        for number in range(stage["depth"]):
            inner = width * stage["expansion"]
            if stage["expansion"] > 1:
                total += side**2 * width * inner
            side = side if number else -(-side // stride)
            total += side**2 * inner * (stage["kernel"] ** 2 + stage["width"])
            width = stage["width"]
    return total + side**2 * width * head + head * classes


def _network(stem: int, head: int, classes: int, **stages: Stage) -> MobileNet:
    return MobileNet(stem, [stages[f"stage{number}"] for number in range(1, 8)], head, classes)


def _small(chosen: Mapping[str, Any]) -> bool:
    stages = [chosen[f"stage{number}"] for number in range(1, 8)]
    return multiply_adds(chosen["stem"], stages, chosen["head"]) <= MOST_MULTIPLY_ADDS


MOBILENETV2 = Choices(
    {
        "stem": [16, 24, 32, 40],
        **{f"stage{number}": _stage(*stage) for number, stage in enumerate(_STAGES, start=1)},
        "head": [960, 1280, 1600],
    },
    _network,
    name="mobilenetv2",
    constraint=_small,
    tasks={"imagenet": Task(1000, SIDE), "cifar10": Task(10, 32)},
)
"""The space."""
