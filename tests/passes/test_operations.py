import pytest
import torch
from torch import nn

from rayzc.passes.operations import operations_of

SHAPE = torch.Size((8, 9, 9))


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.Conv2d(8, 4, 3, padding=1, bias=False), 9 * 8 * 4 * 81),
        (nn.Conv2d(8, 4, 3, padding=1), 9 * 8 * 4 * 81 + 4 * 81),
        (nn.Conv2d(8, 8, 3, 2, 1, groups=4, bias=False), 9 * 2 * 8 * 25),
        (nn.BatchNorm2d(8), 2 * 8 * 81),
        (nn.BatchNorm2d(8, affine=False), 8 * 81),
        (nn.ReLU(), 8 * 81),
        (nn.AvgPool2d(3, 1, 1), 8 * 81 * 9),
        (nn.MaxPool2d(2), 8 * 16 * 4),
        (nn.MaxPool2d((3, 1), (2, 1), (1, 0)), 8 * 5 * 9 * 3),
        (nn.AdaptiveAvgPool2d(1), 8 * 10 * 10),
        (nn.AdaptiveAvgPool2d(3), 8 * 12 * 12),
        (nn.Linear(9, 5), 9 * 5 * 8 * 9),
        (nn.Upsample(scale_factor=2), 8 * 18 * 18),
        (nn.Dropout(), 0),
        (nn.GroupNorm(2, 8), 0),
    ],
)
def test_operations_of(module: nn.Module, expected: int) -> None:
    outputs = module(torch.zeros((1, *SHAPE))).shape[1:]
    assert operations_of(module, SHAPE, outputs) == expected
