"""What a network costs, found without computing anything."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from rayzc.passes.network import leaves
from rayzc.passes.operations import operations_of


@dataclass(frozen=True)
class Cost:
    """Number of weights, and of operations on one image."""

    parameters: int
    flops: int


def cost(network: nn.Module, input_shape: tuple[int, ...]) -> Cost:
    """Sums over the modules without children that a forward pass calls, each once: the suite's rule.

    An empty batch goes through the network, for its shapes are those of a real one. Weights on the device
    ``meta`` become uninitialised ones on the CPU.

    Args:
        network: any module.
        input_shape: shape of one image, ``(3, height, width)``.
    """
    counting = set(leaves(network))
    counted: dict[nn.Module, Cost] = {}

    def record(module: nn.Module, inputs: tuple[Any, ...], outputs: Tensor) -> None:
        if module in counting:
            weights = sum(parameter.numel() for parameter in module.parameters(recurse=False))
            counted[module] = Cost(weights, operations_of(module, inputs[0].shape[1:], outputs.shape[1:]))

    if any(parameter.is_meta for parameter in network.parameters()):
        network.to_empty(device="cpu")
    for leaf in counting:
        leaf.training = False  # batch normalisation in train mode refuses an empty batch
    # One hook for all modules: a hook for each takes longer than the forward pass.
    hook = register_module_forward_hook(record)
    try:
        with torch.no_grad():
            network(torch.empty((0, *input_shape)))
    finally:
        hook.remove()
    return Cost(
        sum(part.parameters for part in counted.values()), sum(part.flops for part in counted.values())
    )
