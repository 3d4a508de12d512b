"""The space of DARTS in full: two cells, and the networks that DARTS trains (Liu et al. 2019, arXiv:1806.09055).

A cell has four nodes; each adds up two of the nodes before it, each by one of seven operations. That makes
(1 * 3 * 6 * 10 * 7^8)^2, about 10^18, pairs of cells. Unlike those of NAS-Bench-301 (``nasbench301``), networks have 20
cells and 36 channels, normalise with learnt scales and not after pooling, and have about 3.3 million parameters.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, cast

import torch
from torch import Tensor, nn

from rayzc.spaces.blocks import FactorizedReduce, Network, conv_bn, relu_conv_bn
from rayzc.spaces.choices import Choices
from rayzc.spaces.space import Task

__all__ = ["DARTS", "OPERATIONS", "DartsNetwork"]

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
NODES = 4

Nodes = Sequence[tuple[tuple[int, int], tuple[str, str]]]
"""For each node its two inputs (0 and 1 are the cells before) and their operations."""


def _operation(name: str, channels: int, stride: int) -> nn.Module:
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, 1)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
    kernel, dilation = int(name[-1]), 2 if name.startswith("dil") else 1
    layers = _separable(channels, kernel, stride, dilation)
    return nn.Sequential(*layers, *([] if dilation == 2 else _separable(channels, kernel, 1, 1)))


def _separable(channels: int, kernel: int, stride: int, dilation: int) -> list[nn.Module]:
    padding = dilation * (kernel - 1) // 2
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
    ]


class Cell(nn.Module):
    """A cell: its output has the channels of all four nodes."""

    def __init__(
        self, nodes: Nodes, older: int, newer: int, channels: int, reduces: bool, after: bool
    ) -> None:
        super().__init__()
        self.inputs = [inputs for inputs, _ in nodes]
        self.older = FactorizedReduce(older, channels) if after else relu_conv_bn(older, channels, 1)
        self.newer = relu_conv_bn(newer, channels, 1)
        self.operations = nn.ModuleList(
            _operation(name, channels, 2 if reduces and source < 2 else 1)
            for inputs, names in nodes
            for source, name in zip(inputs, names, strict=True)
        )

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """Maps the outputs of the two cells before to ``(batch, 4 * channels, height', width')``."""
        states = [self.older(older), self.newer(newer)]
        for node, (first, second) in enumerate(self.inputs):
            one, other = self.operations[2 * node], self.operations[2 * node + 1]
            states.append(one(states[first]) + other(states[second]))
        return torch.cat(states[2:], 1)


class DartsNetwork(Network):
    """A stem and cells, each fed by the two before it; at one and two thirds are reduction cells.

    Args:
        normal: the normal cell.
        reduction: the reduction cell.
        classes: number of classes.
        width: channels of a node in the first cell.
        depth: number of normal cells before, between and after the reduction cells.
    """

    def __init__(
        self, normal: Nodes, reduction: Nodes, classes: int = 10, width: int = 36, depth: int = 6
    ) -> None:
        super().__init__(width * 4 * NODES, classes)
        self.stem = conv_bn(3, 3 * width, 3)
        older = newer = 3 * width
        channels, after, cells = width, False, []
        for place in range(3 * (depth + 1) - 1):
            reduces = place % (depth + 1) == depth
            channels *= 2 if reduces else 1
            nodes = reduction if reduces else normal
            cells.append(Cell(nodes, older, newer, channels, reduces, after))
            older, newer, after = newer, NODES * channels, reduces
        self.cells = nn.ModuleList(cells)

    def body(self, images: Tensor) -> Tensor:
        """Maps images ``(batch, 3, height, width)`` to ``(batch, 16 * width, height / 4, width / 4)``."""
        older = newer = cast(Tensor, self.stem(images))
        for cell in self.cells:
            older, newer = newer, cell(older, newer)
        return newer


def _nodes(cell: Mapping[str, Any]) -> Nodes:
    found = [cell[f"node{number}"] for number in range(NODES)]
    return [(node["inputs"], (node["first"], node["second"])) for node in found]


def _network(
    normal: Mapping[str, Any],
    reduction: Mapping[str, Any],
    classes: int,
    input_size: int,
    width: int,
    depth: int,
) -> DartsNetwork:
    network = DartsNetwork(_nodes(normal), _nodes(reduction), classes, width, depth)
    network.input_size = input_size
    return network


_CELL = {
    f"node{number}": {
        "inputs": list(combinations(range(number + 2), 2)),
        "first": list(OPERATIONS),
        "second": list(OPERATIONS),
    }
    for number in range(NODES)
}

DARTS = Choices(
    {"normal": _CELL, "reduction": _CELL},
    _network,
    name="darts",
    tasks={"cifar10": Task(10, 32), "cifar100": Task(100, 32)},
    width=36,
    depth=6,
    side_unit=4,
)
"""The space."""
