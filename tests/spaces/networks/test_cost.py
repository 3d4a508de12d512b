"""Counting parameters and operations."""

import pytest
import torch
from torch import nn

from rayzc.spaces.networks import Cost, cost


@pytest.mark.parametrize(
    ("module", "shape", "expected"),
    [
        (nn.Conv2d(4, 8, 3, padding=1, bias=False), (4, 10, 10), Cost(4 * 8 * 9, 4 * 8 * 9 * 100)),
        (nn.Conv2d(4, 8, 3, 2, 1, groups=4, bias=False), (4, 10, 10), Cost(8 * 9, 8 * 9 * 25)),
        (nn.BatchNorm2d(4), (4, 10, 10), Cost(8, 2 * 400)),
        (nn.BatchNorm2d(4, affine=False), (4, 10, 10), Cost(0, 400)),
        (nn.ReLU(), (4, 10, 10), Cost(0, 400)),
        (nn.MaxPool2d(3, 2, 1), (4, 10, 10), Cost(0, 4 * 25 * 9)),
        (nn.AvgPool2d((2, 2)), (4, 10, 10), Cost(0, 4 * 25 * 4)),
        (nn.AdaptiveAvgPool2d(1), (4, 10, 10), Cost(0, 4 * 121)),
        (nn.Linear(4, 5), (4,), Cost(25, 20)),
        (nn.Identity(), (4, 10, 10), Cost(0, 0)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_the_suites_rules(module: nn.Module, shape: tuple[int, ...], expected: Cost) -> None:
    assert cost(module, shape) == expected


def test_a_module_called_twice_counts_once() -> None:
    relu = nn.ReLU()
    assert cost(nn.Sequential(relu, nn.MaxPool2d(2), relu), (1, 4, 4)) == Cost(0, 4 + 16)


def test_a_module_that_is_not_called_does_not_count() -> None:
    network = nn.Sequential(nn.ReLU())
    network.unused = nn.ModuleList([nn.Linear(3, 3)])
    network.forward = nn.ReLU().forward  # type: ignore[method-assign]
    assert cost(network, (3, 2, 2)) == Cost(0, 0)


def test_the_network_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(4).eval(), nn.Flatten())
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    cost(network, (3, 8, 8))
    assert [module.training for module in network.modules()] == modes
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, state[name])
    assert not any(module._forward_hooks for module in network.modules())


def test_a_failing_network_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Linear(7, 2))
    with pytest.raises(RuntimeError):
        cost(network, (3, 8, 8))
    assert all(module.training for module in network.modules())
    calls = nn.modules.module._global_forward_hooks
    assert not calls
