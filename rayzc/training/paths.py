"""Additions to a network that only training needs: drop path and an auxiliary head.

Both are forward hooks. Once these are removed, the network is the same as before, but trained.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.spaces.blocks import EdgeCell, Zero
from rayzc.spaces.nasbench301.network import Cell, NasBench301Network

__all__ = ["AuxiliaryHead", "DropPath", "auxiliary_head", "droppable"]

_CIFAR_SIDE = 8
"""Height and width of the images that the auxiliary head of DARTS was designed for."""


def droppable(network: nn.Module) -> tuple[nn.Module, ...]:
    """The operations on the edges of a network's cells, except identities and zeros, which drop path leaves alone."""
    cells = [module for module in network.modules() if isinstance(module, (Cell, EdgeCell))]
    return tuple(
        operation
        for cell in cells
        for operation in cell.operations
        if not isinstance(operation, (nn.Identity, Zero))
    )


class DropPath:
    """Drops outputs of operations for single images while a network is in train mode (Larsson et al. 2017).

    Outputs that are kept are divided by the probability of keeping them, so the expected output stays the same. As in
    DARTS, each edge of each cell is drawn separately.

    Args:
        operations: operations whose outputs may be dropped.

    Attributes:
        probability: probability of dropping an output.
        generator: draws the outputs to drop, on the device of the network; None drops nothing.
    """

    def __init__(self, operations: Sequence[nn.Module]) -> None:
        self.probability = 0.0
        self.generator: torch.Generator | None = None
        self._handles: list[RemovableHandle] = [
            operation.register_forward_hook(self._drop) for operation in operations
        ]

    def _drop(self, module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        if not module.training or not self.probability or self.generator is None:
            return output
        kept = 1 - self.probability
        drawn = torch.rand(len(output), 1, 1, 1, generator=self.generator, device=output.device)
        return output * ((drawn < kept).to(output.dtype) / kept)

    def remove(self) -> None:
        """Leaves the network as it was."""
        for handle in self._handles:
            handle.remove()


class AuxiliaryHead(nn.Module):
    """The auxiliary classifier of DARTS, which reads the output of a cell at two thirds of the depth.

    The output is pooled to 2x2 pixels, from 8x8 pixels as DARTS does on CIFAR-10; a single pixel stays as it is.
    Adaptive pooling would be simpler, but on a GPU its gradient differs from run to run.

    Args:
        cell: the cell.
        channels: number of channels of its output, over all patches.
        side: height and width of its output.
        classes: number of classes.
    """

    def __init__(self, cell: nn.Module, channels: int, side: int, classes: int) -> None:
        super().__init__()
        pooling = (5, 3) if side == _CIFAR_SIDE else ((side + 1) // 2, max(1, side // 2))
        self.features = nn.Sequential(
            nn.ReLU(),
            nn.AvgPool2d(*pooling, count_include_pad=False),
            nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 768, min(2, side), bias=False),
            nn.BatchNorm2d(768),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(768, classes)
        self._seen: list[Tensor] = []
        self._handle = cell.register_forward_hook(self._see)

    def _see(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        if module.training:
            self._seen.append(output)

    def forward(self) -> Tensor:
        """Logits ``(batch, classes)`` for the batch of the network's last forward pass in train mode."""
        seen = torch.cat(self._seen, 1)
        self._seen.clear()
        logits: Tensor = self.classifier(self.features(seen).flatten(1))
        return logits

    def remove(self) -> None:
        """Leaves the network as it was."""
        self._handle.remove()


def auxiliary_head(
    network: nn.Module, input_shape: Sequence[int], classes: int, generator: torch.Generator
) -> AuxiliaryHead | None:
    """Adds an auxiliary head with random weights to a network; returns None unless it is one of nasbench301.

    Args:
        network: the network.
        input_shape: shape of an image, with a patch dimension for siamese networks.
        classes: number of classes.
        generator: draws the seed of the weights.
    """
    if not isinstance(network, NasBench301Network):
        return None
    place = 2 * len(network.cells) // 3
    cell = network.cells[place]
    shapes: list[torch.Size] = []
    handle = cell.register_forward_hook(lambda module, inputs, output: shapes.append(output.shape))
    mode = network.training
    device = next(network.parameters()).device
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, *input_shape, device=device))
    finally:
        handle.remove()
        network.train(mode)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
        head = AuxiliaryHead(cell, sum(shape[1] for shape in shapes), int(shapes[0][2]), classes)
    return head.to(device)
