"""Counting operations as NAS-Bench-Suite-Zero counts them.

The suite uses TensorWatch's counts (microsoft/tensorwatch, ``model_graph/torchstat``), taken per leaf module: one
per multiply-add of a convolution or linear layer, and also the elementwise work of norms, activations and pools.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.passes.network import leaves
from rayzc.passes.replica import Replica, randomness_from
from rayzc.passes.stages import Batch, Stage
from rayzc.passes.subject import Subject

__all__ = ["Operations", "count_operations", "operations_of"]

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.PReLU, nn.ELU, nn.LeakyReLU)


class Operations(Stage):
    """Sums the operations of the leaf modules, for one image.

    A module that is called several times counts once, with the shapes of its last call, as in the suite: the
    body of a network that looks at nine patches counts for one.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._counts: dict[nn.Module, int] = {}

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to the leaf modules."""
        return _listen(model, self._counts)

    def results(self) -> dict[str, Any]:
        """Returns ``operations``."""
        return {"operations": sum(self._counts.values())}


def count_operations(subject: Subject) -> int:
    """Counts the operations of one image alone; batch norms stand still, as one image may be too few for them."""
    replica = Replica(subject)
    norms = [m for m in subject.model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    counts: dict[nn.Module, int] = {}
    subject.passes["single image"] += 1
    randomness_from(subject.seed, subject.device)
    with ExitStack() as stack:
        for norm in norms:
            norm.training = False
            stack.callback(setattr, norm, "training", True)
        for handle in _listen(subject.model, counts):
            stack.callback(handle.remove)
        with torch.no_grad():
            replica.logits(subject.laid_out(subject.images[:1]))
    return sum(counts.values())


def _listen(model: nn.Module, counts: dict[nn.Module, int]) -> Iterator[RemovableHandle]:
    """Writes down the operations of every leaf module as it is called."""

    def record(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            counts[module] = operations_of(module, inputs[0].shape[1:], output.shape[1:])

    for module in leaves(model):
        yield module.register_forward_hook(record)


def operations_of(module: nn.Module, inputs: torch.Size, outputs: torch.Size) -> int:
    """The operations of one leaf module on one image.

    Args:
        module: any; those that the suite does not count have 0.
        inputs: the shape of its input without the batch, ``(channels, height, width)`` or ``(..., features)``.
        outputs: the shape of its output without the batch.
    """
    if isinstance(module, nn.Conv2d):
        kernel = math.prod(module.kernel_size) * module.in_channels // module.groups
        return (kernel + (module.bias is not None)) * outputs.numel()
    if isinstance(module, nn.Linear):
        return module.in_features * outputs.numel()
    if isinstance(module, nn.BatchNorm2d):
        return inputs.numel() * (2 if module.affine else 1)
    if isinstance(module, (nn.AvgPool2d, nn.MaxPool2d)):
        return _pool(module, inputs)
    if isinstance(module, (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)):
        return inputs[0] * math.prod(map(_windows, inputs[1:], outputs[1:]))
    if isinstance(module, ACTIVATIONS):
        return inputs.numel()
    if isinstance(module, nn.Upsample):
        return outputs.numel()
    return 0


def _pool(module: nn.AvgPool2d | nn.MaxPool2d, inputs: torch.Size) -> int:
    kernel, padding = _pair(module.kernel_size), _pair(module.padding)
    stride = _pair(module.stride)
    positions = [
        (side + 2 * pad - size) // step + 1
        for side, size, step, pad in zip(inputs[1:], kernel, stride, padding, strict=True)
    ]
    return inputs[0] * math.prod(positions) * math.prod(kernel)


def _windows(inputs: int, outputs: int) -> int:
    """The summed sides of an adaptive pool's windows along one axis; TensorWatch counts one too many for each."""
    return sum(
        math.ceil((i + 1) * inputs / outputs) - math.floor(i * inputs / outputs) + 1 for i in range(outputs)
    )


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
