"""The networks of NAS-Bench-301, which are those of DARTS (Liu et al. 2019, https://arxiv.org/abs/1806.09055)."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from rayzc.spaces.blocks import FactorizedReduce, Network, conv_bn, relu_conv_bn

__all__ = ["NasBench301Network"]

Edges = Sequence[tuple[int, int]]
MAX_POOL, AVERAGE_POOL, SKIP, SEPARABLE_3X3, SEPARABLE_5X5, DILATED_3X3, DILATED_5X5 = range(7)
STEM_MULTIPLIER = 3
NODES = 4
REDUCTIONS = 2


def _depthwise(channels: int, kernel: int, stride: int, dilation: int = 1) -> list[nn.Module]:
    padding = dilation * (kernel // 2)
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding, dilation, channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels, affine=False),
    ]


def _operation(code: int, channels: int, stride: int) -> nn.Module:
    if code == SKIP:
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine=False)
    if code in (MAX_POOL, AVERAGE_POOL):
        pool = (
            nn.MaxPool2d(3, stride, 1)
            if code == MAX_POOL
            else nn.AvgPool2d(3, stride, 1, count_include_pad=False)
        )
        return nn.Sequential(pool, nn.BatchNorm2d(channels, affine=False))
    kernel = 3 if code in (SEPARABLE_3X3, DILATED_3X3) else 5
    if code in (SEPARABLE_3X3, SEPARABLE_5X5):
        return nn.Sequential(*_depthwise(channels, kernel, stride), *_depthwise(channels, kernel, 1))
    return nn.Sequential(*_depthwise(channels, kernel, stride, dilation=2))


class Cell(nn.Module):
    """Four nodes, each the sum of two edges; its output is their concatenation.

    Args:
        edges: eight pairs (state, operation), two for each node. States 0 and 1 are the outputs of the cells
            before (the older one first), 2 to 5 the nodes.
        older: channels of state 0.
        newer: channels of state 1.
        channels: channels of a node.
        reduction: whether this cell halves the resolution.
        after_reduction: whether the cell before did, so that state 0 has to be halved, too.
    """

    def __init__(
        self, edges: Edges, older: int, newer: int, channels: int, reduction: bool, after_reduction: bool
    ) -> None:
        super().__init__()
        self.sources = [source for source, _ in edges]
        self.preprocess_older = (
            FactorizedReduce(older, channels) if after_reduction else relu_conv_bn(older, channels, 1)
        )
        self.preprocess_newer = relu_conv_bn(newer, channels, 1)
        self.operations = nn.ModuleList(
            _operation(code, channels, 2 if reduction and source < 2 else 1) for source, code in edges
        )

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """Maps the outputs of the two cells before to ``(batch, 4 * channels, height', width')``."""
        states = [self.preprocess_older(older), self.preprocess_newer(newer)]
        for edge in range(0, 2 * NODES, 2):
            first, second = (self.operations[i](states[self.sources[i]]) for i in (edge, edge + 1))
            states.append(first + second)
        return torch.cat(states[2:], 1)


class NasBench301Network(Network):
    """A stem and cells, every one fed by the two before it; two of them are reduction cells.

    The suite measured networks of eight cells with 32 channels, without an auxiliary head, and with batch
    normalisation that is affine in the stem and the cells' preprocessing, not affine in their operations, and
    also follows each pooling; the recorded ``params`` and ``flops`` say so. There is no drop path. Weights start
    as PyTorch starts them.

    Args:
        normal: edges of the normal cell, see :class:`Cell`.
        reduction: edges of the reduction cell.
        classes: number of classes.
        width: channels of a node in the first cell; the stem has three times as many.
        depth: number of normal cells before, between and after the reduction cells.
        patches: see :class:`Network`.
    """

    def __init__(
        self,
        normal: Edges,
        reduction: Edges,
        classes: int = 10,
        width: int = 32,
        depth: int = 2,
        patches: int = 1,
    ) -> None:
        super().__init__(width * 2**REDUCTIONS * NODES, classes, patches)
        self.stem = conv_bn(3, STEM_MULTIPLIER * width, 3)
        older = newer = STEM_MULTIPLIER * width
        channels, after_reduction = width, False
        cells: list[Cell] = []
        for place in range((depth + 1) * (REDUCTIONS + 1) - 1):
            reduces = place % (depth + 1) == depth
            channels *= 2 if reduces else 1
            edges = reduction if reduces else normal
            cells.append(Cell(edges, older, newer, channels, reduces, after_reduction))
            older, newer, after_reduction = newer, NODES * channels, reduces
        self.cells = nn.ModuleList(cells)

    def body(self, images: Tensor) -> Tensor:
        """Maps images ``(batch, 3, height, width)`` to ``(batch, 16 * width, height / 4, width / 4)``."""
        older = newer = cast(Tensor, self.stem(images))
        for cell in self.cells:
            older, newer = newer, cell(older, newer)
        return newer
