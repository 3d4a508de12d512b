"""The networks of NAS-Bench-101 (Ying et al. 2019, https://arxiv.org/abs/1902.09635)."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from rayzc.spaces.blocks import Network, SpatialMean, conv_bn_relu, fan_out_initialisation, total

__all__ = ["NasBench101Network", "vertex_channels"]

Matrix = Sequence[Sequence[int]]
MAX_POOL, CONV_1X1, CONV_3X3 = 2, 3, 4
STACKS = 3


def vertex_channels(matrix: Matrix, inputs: int, outputs: int) -> list[int]:
    """How many channels each vertex of a cell has.

    The vertices before the output share its channels, as they are concatenated: the first of them get one
    more if the division leaves a remainder. Any other vertex has as many as the widest that it leads to, which
    takes the first channels of it.

    Args:
        matrix: adjacency of the pruned cell ``(n, n)``.
        inputs: channels of the cell's input.
        outputs: channels of the cell's output.

    Returns:
        ``(n,)`` channels, of the input and output, too.
    """
    last = len(matrix) - 1
    channels = [inputs] + [0] * (last - 1) + [outputs]
    concatenated = [vertex for vertex in range(1, last) if matrix[vertex][last]]
    for place, vertex in enumerate(concatenated):
        share, rest = divmod(outputs, len(concatenated))
        channels[vertex] = share + (place < rest)
    for vertex in range(last - 1, 0, -1):
        if not matrix[vertex][last]:
            channels[vertex] = max(channels[end] for end in range(vertex + 1, last) if matrix[vertex][end])
    return channels


def _operation(code: int, channels: int) -> nn.Module:
    if code == MAX_POOL:
        return nn.MaxPool2d(3, 1, 1)
    return conv_bn_relu(channels, channels, 1 if code == CONV_1X1 else 3)


class Cell(nn.Module):
    """A graph of operations: vertices sum their inputs, the output concatenates them.

    Whatever comes from the cell's input goes through a 1x1 projection first, also into the output, where it is
    added to the concatenation.
    """

    def __init__(self, matrix: Matrix, operations: Sequence[int], inputs: int, outputs: int) -> None:
        super().__init__()
        self.last = len(matrix) - 1
        self.channels = vertex_channels(matrix, inputs, outputs)
        self.sources = [[i for i in range(1, j) if matrix[i][j]] for j in range(self.last + 1)]
        self.projections = nn.ModuleDict(
            {
                str(vertex): conv_bn_relu(inputs, self.channels[vertex], 1)
                for vertex in range(1, self.last + 1)
                if matrix[0][vertex]
            }
        )
        self.operations = nn.ModuleList(
            _operation(operations[vertex], self.channels[vertex]) for vertex in range(1, self.last)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(batch, inputs, height, width)`` to ``(batch, outputs, height, width)``."""
        values = [images]
        for vertex in range(1, self.last + 1):
            inner = [values[source] for source in self.sources[vertex]]
            if vertex < self.last:
                inner = [value[:, : self.channels[vertex]] for value in inner]
            elif inner:
                inner = [torch.cat(inner, 1)]
            if str(vertex) in self.projections:
                inner.append(self.projections[str(vertex)](images))
            value = total(inner)
            values.append(value if vertex == self.last else self.operations[vertex - 1](value))
        return values[-1]


class NasBench101Network(Network):
    """A stem and three stacks of equal cells; between stacks max pooling, and the channels double.

    Convolutions start from N(0, 2 / fan_out) and the classifier from N(0, 0.01^2) with zero bias, as in the
    PyTorch port of the benchmark that the suite used. The width of the original is 128 channels, its depth
    three cells a stack.

    Args:
        matrix: adjacency of the pruned cell ``(n, n)``, strictly upper triangular.
        operations: ``(n,)`` codes; 2 max pooling, 3 and 4 convolution 1x1 and 3x3.
        classes: number of classes.
        width: channels of the stem.
        depth: cells in a stack.
        patches: see :class:`Network`.
    """

    def __init__(
        self,
        matrix: Matrix,
        operations: Sequence[int],
        classes: int = 10,
        width: int = 128,
        depth: int = 3,
        patches: int = 1,
    ) -> None:
        super().__init__(width * 2 ** (STACKS - 1), classes, patches)
        self.pool = SpatialMean()
        layers: list[nn.Module] = [conv_bn_relu(3, width, 3)]
        inputs = width
        for stack in range(STACKS):
            if stack:
                layers.append(nn.MaxPool2d(2, 2))
            for _ in range(depth):
                layers.append(Cell(matrix, operations, inputs, width * 2**stack))
                inputs = width * 2**stack
        self.layers = nn.Sequential(*layers)
        fan_out_initialisation(self)
        nn.init.normal_(self.classifier.weight, 0, 0.01)
        nn.init.zeros_(self.classifier.bias)

    def body(self, images: Tensor) -> Tensor:
        """Maps images ``(batch, 3, height, width)`` to ``(batch, 4 * width, height // 4, width // 4)``."""
        return cast(Tensor, self.layers(images))
