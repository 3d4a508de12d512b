"""Parameters and operations of a network, counted as NAS-Bench-Suite-Zero counts them.

The suite used TensorWatch's model statistics (``microsoft/tensorwatch``, ``torchstat``), whose rules are kept
here, odd ones included: only modules without children count, each once and with the shapes of its last call (the
body of a siamese network therefore counts for one patch), a multiply-add is one operation, batch normalisation
costs one operation a value and two if affine, ReLU one a value, pooling the kernel's area for each output, and
adaptive pooling to one pixel ``channels * (height + 1) * (width + 1)``. Sums, concatenations and
functions that are no modules cost nothing.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

__all__ = ["Cost", "cost"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: number of weights.
        flops: operations in a forward pass of one image.
    """

    parameters: int
    flops: int


def _flops(module: nn.Module, inputs: torch.Size, outputs: torch.Size) -> int:
    """Operations of one call; both shapes without the batch."""
    if isinstance(module, nn.Conv2d):
        return prod(module.kernel_size) * inputs[0] // module.groups * prod(outputs)
    if isinstance(module, nn.BatchNorm2d):
        return prod(inputs) * (2 if module.affine else 1)
    if isinstance(module, nn.ReLU):
        return prod(inputs)
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        side = module.kernel_size
        return prod(outputs) * (side * side if isinstance(side, int) else prod(side))
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return inputs[0] * (inputs[1] + 1) * (inputs[2] + 1)
    if isinstance(module, nn.Linear):
        return inputs[0] * outputs[0]
    return 0


def cost(network: nn.Module, input_shape: tuple[int, ...]) -> Cost:
    """Counts parameters and operations without computing anything.

    An empty batch goes through the network: its shapes are those of a real one. A network on the device
    ``meta`` gets memory for its weights, which is never written.

    Args:
        network: any module; it is left in the state in which it was, but for weights on ``meta``, which become
            uninitialised ones on the CPU.
        input_shape: shape of one image, ``(3, height, width)``.
    """
    leaves = {module for module in network.modules() if next(module.children(), None) is None}
    counted: dict[nn.Module, Cost] = {}

    def record(module: nn.Module, inputs: tuple[Any, ...], outputs: Tensor) -> None:
        if module in leaves:
            weights = sum(parameter.numel() for parameter in module.parameters(recurse=False))
            counted[module] = Cost(weights, _flops(module, inputs[0].shape[1:], outputs.shape[1:]))

    if any(parameter.is_meta for parameter in network.parameters()):
        network.to_empty(device="cpu")
    # Batch normalisation in train mode refuses an empty batch.
    norms = [leaf for leaf in leaves if isinstance(leaf, nn.BatchNorm2d) and leaf.training]
    # One hook for all modules: a hook for each takes longer than the forward pass.
    hook = register_module_forward_hook(record)
    try:
        for norm in norms:
            norm.training = False
        with torch.no_grad():
            network(torch.empty((0, *input_shape)))
    finally:
        hook.remove()
        for norm in norms:
            norm.training = True
    return Cost(
        sum(part.parameters for part in counted.values()), sum(part.flops for part in counted.values())
    )
