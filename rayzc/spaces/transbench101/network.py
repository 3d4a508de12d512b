"""The networks of TransNAS-Bench-101 (Duan et al. 2021, https://arxiv.org/abs/2105.11871).

Both spaces share the stem, the heads, and modules of cells that keep or double the channels and keep or halve
the resolution. Macro searches the sequence of modules, made of residual blocks; micro searches the cell that
fills a fixed sequence. Convolutions of the body start from N(0, 2 / fan_out), the classifier as PyTorch
starts it. The width of the original is 64 channels, its depth two cells a module.
"""

from collections.abc import Callable, Sequence
from typing import cast

from torch import Tensor, nn

from rayzc.spaces.blocks import (
    EdgeCell,
    FactorizedReduce,
    Network,
    Zero,
    conv_bn,
    fan_out_initialisation,
    relu_conv_bn,
)
from rayzc.spaces.four_node import EDGES_BY_END

__all__ = ["MICRO_MODULES", "TransBench101MacroNetwork", "TransBench101MicroNetwork"]

MakeCell = Callable[[int, int, int], nn.Module]
"""From channels in, channels out and stride to a cell."""

MICRO_MODULES = (4, 1, 4, 1, 4)
"""The modules that a micro cell fills."""

NONE, SKIP, CONV_1X1, CONV_3X3 = range(4)


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut, which is projected where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = relu_conv_bn(inputs, outputs, 3, stride)
        self.second = relu_conv_bn(outputs, outputs, 3)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride)

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(batch, inputs, height, width)`` to ``(batch, outputs, height/stride, width/stride)``."""
        return cast(Tensor, self.shortcut(images) + self.second(self.first(images)))


def _operation(code: int, inputs: int, outputs: int, stride: int) -> nn.Module:
    if code == NONE:
        return Zero(inputs, outputs, stride)
    if code == SKIP:
        same = stride == 1 and inputs == outputs
        return nn.Identity() if same else FactorizedReduce(inputs, outputs)
    return relu_conv_bn(inputs, outputs, 1 if code == CONV_1X1 else 3, stride)


class _ModuleNetwork(Network):
    def __init__(
        self, modules: Sequence[int], cell: MakeCell, classes: int, width: int, depth: int, patches: int
    ) -> None:
        doublings = sum(module in (2, 4) for module in modules)
        super().__init__(width * 2**doublings, classes, patches)
        channels = width
        layers: list[nn.Module] = [conv_bn(3, width // 2, 3, 2), relu_conv_bn(width // 2, width, 3, 2)]
        for module in modules:
            outputs = channels * (2 if module in (2, 4) else 1)
            layers.append(cell(channels, outputs, 2 if module in (3, 4) else 1))
            layers += [cell(outputs, outputs, 1) for _ in range(depth - 1)]
            channels = outputs
        self.layers = nn.Sequential(*layers)
        fan_out_initialisation(self)

    def body(self, images: Tensor) -> Tensor:
        """Maps images ``(batch, 3, height, width)`` to features ``(batch, channels, height', width')``."""
        return cast(Tensor, self.layers(images))


class TransBench101MacroNetwork(_ModuleNetwork):
    """A sequence of modules of residual blocks.

    Args:
        modules: 4 to 6 types; 1 keeps, 2 doubles the channels, 3 halves the resolution, 4 does both.
        classes: number of classes (or of outputs, for a regression).
        width: channels after the stem.
        depth: cells in a module.
        patches: see :class:`Network`.
    """

    def __init__(
        self, modules: Sequence[int], classes: int = 10, width: int = 64, depth: int = 2, patches: int = 1
    ) -> None:
        super().__init__(modules, ResidualBlock, classes, width, depth, patches)


class TransBench101MicroNetwork(_ModuleNetwork):
    """Five modules of one cell; the first, third and fifth double the channels and halve the resolution.

    In their first cell the edges from the input do the halving; a skip connection becomes a factorized
    reduction there.

    Args:
        codes: operations on the six edges, in the order of ``EDGES_BY_END``.
        classes: number of classes (or of outputs, for a regression).
        width: channels after the stem.
        depth: cells in a module.
        patches: see :class:`Network`.
    """

    def __init__(
        self, codes: Sequence[int], classes: int = 10, width: int = 64, depth: int = 2, patches: int = 1
    ) -> None:
        def cell(inputs: int, outputs: int, stride: int) -> nn.Module:
            return EdgeCell(
                [
                    _operation(code, inputs, outputs, stride)
                    if start == 0
                    else _operation(code, outputs, outputs, 1)
                    for code, (start, _) in zip(codes, EDGES_BY_END, strict=True)
                ],
                EDGES_BY_END,
            )

        super().__init__(MICRO_MODULES, cell, classes, width, depth, patches)
