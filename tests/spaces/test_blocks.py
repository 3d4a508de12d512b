"""What networks are made of."""

import torch
from torch import nn

from rayzc.spaces.blocks import (
    EdgeCell,
    FactorizedReduce,
    SpatialMean,
    Zero,
    conv_bn_relu,
    fan_out_initialisation,
    relu_conv_bn,
)


class Times(nn.Module):
    """Multiplies by a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images * self.factor


def test_order_of_convolution_normalisation_and_relu() -> None:
    assert [type(layer) for layer in conv_bn_relu(3, 8, 3)] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert [type(layer) for layer in relu_conv_bn(3, 8, 1)] == [nn.ReLU, nn.Conv2d, nn.BatchNorm2d]


def test_zero_has_the_shape_of_its_edge_and_zero_gradients() -> None:
    images = torch.randn(2, 4, 5, 5, requires_grad=True)
    for module, shape in (
        (Zero(4, 4), (2, 4, 5, 5)),
        (Zero(4, 8, 2), (2, 8, 3, 3)),
        (Zero(4, 8), (2, 8, 5, 5)),
    ):
        zeros = module(images)
        assert zeros.shape == shape
        assert not zeros.any()
        zeros.sum().backward()
        assert images.grad is not None
        assert not images.grad.any()


def test_factorized_reduction_sees_even_and_odd_pixels() -> None:
    """Each half of the channels sees every second pixel of every second row, the second half the odd ones."""
    module = FactorizedReduce(1, 2).eval()
    nn.init.ones_(module.even.weight)
    nn.init.ones_(module.odd.weight)
    for side in (4, 5):
        images = torch.arange(1.0, side * side + 1).reshape(1, 1, side, side)
        reduced = module(images) * (1 + module.norm.eps) ** 0.5
        half = (side + 1) // 2
        assert reduced.shape == (1, 2, half, half)
        torch.testing.assert_close(reduced[0, 0], images[0, 0, ::2, ::2])
        odd = images[0, 0, 1::2, 1::2]
        torch.testing.assert_close(reduced[0, 1, : len(odd), : len(odd)], odd)
        assert not module(-images).any()


def test_a_cells_nodes_sum_their_edges() -> None:
    edges = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    factors = (2.0, 3.0, 5.0, 7.0, 11.0, 13.0)
    cell = EdgeCell([Times(factor) for factor in factors], edges)
    first = 2
    second = 3 + 7 * first
    assert cell(torch.ones(1)).item() == 5 + 11 * first + 13 * second


def test_spatial_mean() -> None:
    torch.testing.assert_close(
        SpatialMean()(torch.arange(8.0).reshape(1, 2, 2, 2)), torch.tensor([[1.5, 5.5]])
    )


def test_fan_out_initialisation() -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(64, 128, 3)
    fan_out_initialisation(convolution)
    assert abs(convolution.weight.std().item() / (2 / (128 * 9)) ** 0.5 - 1) < 0.02
