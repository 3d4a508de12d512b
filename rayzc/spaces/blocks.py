"""The modules that the networks of all spaces are made of.

Every activation is an ``nn.ReLU(inplace=False)`` of its own and is called once in a forward pass (once for
each patch in a siamese network), so that a hook on it sees its activation alone, unchanged by what follows.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

__all__ = [
    "EdgeCell",
    "FactorizedReduce",
    "Network",
    "SpatialMean",
    "Zero",
    "conv_bn",
    "conv_bn_relu",
    "fan_out_initialisation",
    "relu_conv_bn",
    "total",
]


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A convolution without bias and batch normalisation; the resolution is divided by the stride."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)
    )


def conv_bn_relu(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU: the order of NAS-Bench-101."""
    return nn.Sequential(*conv_bn(inputs, outputs, kernel), nn.ReLU())


def relu_conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution, batch normalisation: the order of DARTS, NAS-Bench-201 and TransNAS-Bench-101."""
    return nn.Sequential(nn.ReLU(), *conv_bn(inputs, outputs, kernel, stride))


def total(terms: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape, from left to right."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


def fan_out_initialisation(network: nn.Module) -> None:
    """Draws the weights of all convolutions from N(0, 2 / fan_out) (He et al. 2015).

    ``fan_out`` is the number of output channels times the kernel's area. The original networks of
    NAS-Bench-101 and TransNAS-Bench-101 start so; the others keep PyTorch's own initialisation.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class SpatialMean(nn.Module):
    """The mean over height and width: global pooling as NAS-Bench-101 does it."""

    def forward(self, features: Tensor) -> Tensor:
        """Maps ``(batch, channels, height, width)`` to ``(batch, channels)``."""
        return features.mean((2, 3))


class Zero(nn.Module):
    """The operation ``none``: zeros of the shape that its edge has to deliver.

    They are the input times zero, and so a part of autograd's graph: the layers before have zero gradients
    instead of none.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.inputs, self.outputs, self.stride = inputs, outputs, stride

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(batch, inputs, height, width)`` to zeros ``(batch, outputs, height/stride, width/stride)``."""
        thinned = images[:, :, :: self.stride, :: self.stride] if self.stride > 1 else images
        if self.outputs == self.inputs:
            return thinned * 0.0
        return (thinned[:, :1] * 0.0).expand(-1, self.outputs, -1, -1)

    def extra_repr(self) -> str:
        """What ``print(network)`` shows."""
        return f"{self.inputs}, {self.outputs}, stride={self.stride}"


class FactorizedReduce(nn.Module):
    """Halves the resolution of a skip connection without losing every other pixel.

    ReLU, then two strided 1x1 convolutions, the second on the image shifted by one pixel, side by side, then
    batch normalisation (DARTS, Liu et al. 2019).
    """

    def __init__(self, inputs: int, outputs: int, affine: bool = True) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.even = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)
        self.odd = nn.Conv2d(inputs, outputs - outputs // 2, 1, 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(batch, inputs, height, width)`` to ``(batch, outputs, ceil(height/2), ceil(width/2))``."""
        active = self.relu(images)
        height, width = active.shape[-2:]
        # An odd side has one even pixel more than odd ones; a row of zeros makes them equally many.
        shifted = nn.functional.pad(active, (0, width % 2, 0, height % 2))[:, :, 1:, 1:]
        return cast(Tensor, self.norm(torch.cat([self.even(active), self.odd(shifted)], 1)))


class EdgeCell(nn.Module):
    """A cell with an operation on every edge; a node is the sum of its incoming edges, the last the output."""

    def __init__(self, operations: Sequence[nn.Module], edges: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.edges = tuple(edges)
        self.operations = nn.ModuleList(operations)

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(batch, inputs, height, width)`` to what the last node sums up."""
        nodes = [images]
        for node in range(1, self.edges[-1][1] + 1):
            nodes.append(
                total(
                    [
                        operation(nodes[start])
                        for operation, (start, end) in zip(self.operations, self.edges, strict=True)
                        if end == node
                    ]
                )
            )
        return nodes[-1]


class Network(nn.Module):
    """A convolutional body, global average pooling, and a linear classifier.

    A subclass writes :meth:`body`. With `patches` the network is siamese: it takes images
    ``(batch, patches, 3, height, width)``, sends each patch through the same body and classifies all their
    features together (the jigsaw task of TransNAS-Bench-101).

    Attributes:
        patches: number of patches, 1 for ordinary images.
        input_size: height and width in pixels that the network was built for; set by the search space.
    """

    input_size: int = 32

    def __init__(self, channels: int, classes: int, patches: int = 1) -> None:
        super().__init__()
        self.patches = patches
        self.pool: nn.Module = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels * patches, classes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input: ``(3, height, width)``, or ``(patches, 3, height, width)``."""
        image = (3, self.input_size, self.input_size)
        return image if self.patches == 1 else (self.patches, *image)

    def body(self, images: Tensor) -> Tensor:
        """Maps images ``(batch, 3, height, width)`` to features ``(batch, channels, height', width')``."""
        return images

    def forward_features(self, images: Tensor) -> Tensor:
        """The features before pooling ``(batch, patches * channels, height', width')``."""
        if self.patches == 1:
            return self.body(images)
        return torch.cat([self.body(patch) for patch in images.unbind(1)], 1)

    def forward_head(self, features: Tensor) -> Tensor:
        """Pools and classifies what :meth:`forward_features` gave: logits ``(batch, classes)``."""
        return cast(Tensor, self.classifier(self.pool(features).flatten(1)))

    def forward(self, images: Tensor) -> Tensor:
        """Maps images to logits ``(batch, classes)``."""
        return self.forward_head(self.forward_features(images))
