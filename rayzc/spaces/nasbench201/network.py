"""The networks of NAS-Bench-201 (Dong and Yang 2020, https://arxiv.org/abs/2001.00326)."""

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from rayzc.spaces.blocks import EdgeCell, Network, Zero, conv_bn, relu_conv_bn
from rayzc.spaces.four_node import EDGES_BY_START

__all__ = ["NasBench201Network"]

SKIP, NONE, CONV_3X3, CONV_1X1, AVERAGE_POOL = range(5)
STAGES = 3


def _operation(code: int, channels: int) -> nn.Module:
    if code == SKIP:
        return nn.Identity()
    if code == NONE:
        return Zero(channels, channels)
    if code == AVERAGE_POOL:
        return nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    return relu_conv_bn(channels, channels, 3 if code == CONV_3X3 else 1)


class ReductionBlock(nn.Module):
    """A residual block that halves the resolution, with average pooling on its shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = relu_conv_bn(inputs, outputs, 3, stride=2)
        self.second = relu_conv_bn(outputs, outputs, 3)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(batch, inputs, height, width)`` to ``(batch, outputs, height / 2, width / 2)``."""
        return cast(Tensor, self.shortcut(images) + self.second(self.first(images)))


class NasBench201Network(Network):
    """A stem and three stages of equal cells, a residual block between stages, normalisation and ReLU.

    All batch normalisation is affine (the recorded ``params`` say so). The width of the original is 16
    channels, its depth five cells a stage. Weights start as PyTorch starts them.

    Args:
        codes: operations on the six edges.
        classes: number of classes.
        width: channels of the stem.
        depth: cells in a stage.
        patches: see :class:`Network`.
    """

    def __init__(
        self, codes: Sequence[int], classes: int = 10, width: int = 16, depth: int = 5, patches: int = 1
    ) -> None:
        outputs = width * 2 ** (STAGES - 1)
        super().__init__(outputs, classes, patches)
        layers: list[nn.Module] = [conv_bn(3, width, 3)]
        for stage in range(STAGES):
            channels = width * 2**stage
            if stage:
                layers.append(ReductionBlock(channels // 2, channels))
            layers += [
                EdgeCell([_operation(code, channels) for code in codes], EDGES_BY_START) for _ in range(depth)
            ]
        self.layers = nn.Sequential(*layers, nn.BatchNorm2d(outputs), nn.ReLU())

    def body(self, images: Tensor) -> Tensor:
        """Maps images ``(batch, 3, height, width)`` to ``(batch, 4 * width, height / 4, width / 4)``."""
        return cast(Tensor, self.layers(images))
