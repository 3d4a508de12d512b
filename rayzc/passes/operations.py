"""Counting operations as NAS-Bench-Suite-Zero counts them.

The suite uses TensorWatch's counts (microsoft/tensorwatch, ``model_graph/torchstat``), taken per leaf module: one
per multiply-add of a convolution or linear layer, and also the elementwise work of norms, activations and pools.

In networks of search spaces with tables, the count is the suite's: modules, each once. In all others the same rules
hold for every call of a function, whether a module or the network's own code calls it, and extend to what the suite's
networks do not have: other convolutions, matrix products, attention, recurrent layers, norms and activations.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.passes.network import leaves
from rayzc.passes.nonlinear import entering
from rayzc.passes.replica import Replica, randomness_from
from rayzc.passes.stages import Batch, Stage
from rayzc.passes.subject import Subject
from rayzc.passes.survey import CONVOLUTIONS, PRODUCTS, RECURRENT, still_norms
from rayzc.passes.watching import Arguments, Keywords, Listener, Watch, argument, tensors_in

__all__ = ["Operations", "count_operations", "operations_of"]

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.PReLU, nn.ELU, nn.LeakyReLU)


class Operations(Stage):
    """Sums the operations for one image.

    In a network of a search space with tables, a module that is called several times counts once, with the shapes of
    its last call, as in the suite: the body of a network that looks at nine patches counts for one.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._counts: dict[nn.Module, int] = {}
        self._calls = Calls()

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to the leaf modules of a network with tables."""
        return _listen(model, self._counts) if self.batch.subject.tabulated else iter(())

    def listener(self) -> Listener | None:
        """Returns what listens to the functions of any other network."""
        return None if self.batch.subject.tabulated else self._calls

    def results(self) -> dict[str, Any]:
        """Returns ``operations``."""
        total = sum(self._counts.values()) + self._calls.total // self.batch.images
        return {"operations": total}


def count_operations(subject: Subject) -> int:
    """Counts the operations of one image alone; batch norms stand still, as one image may be too few for them."""
    replica = Replica(subject)
    counts: dict[nn.Module, int] = {}
    calls = Calls()
    subject.passes["single image"] += 1
    randomness_from(subject.seed, subject.device)
    with ExitStack() as stack:
        stack.enter_context(still_norms(subject.model))
        if subject.tabulated:
            for handle in _listen(subject.model, counts):
                stack.callback(handle.remove)
        else:
            stack.enter_context(Watch([calls]))
        with torch.no_grad():
            replica.logits(subject.laid_out(subject.images[:1]))
    return sum(counts.values()) + calls.total


class Calls(Listener):
    """Sums the operations of all functions that are called.

    Attributes:
        total: the sum so far, for all images.
    """

    def __init__(self) -> None:
        self.total = 0

    def after(self, name: str, args: Arguments, kwargs: Keywords, result: Any) -> None:
        """Adds those of a call."""
        output = result[0] if isinstance(result, tuple) and result else result
        input = argument(args, kwargs, 0, "input")
        if isinstance(output, Tensor) and isinstance(input, Tensor):
            self.total += _of_call(name.removesuffix("_"), input, output, args, kwargs)


def _of_call(name: str, input: Tensor, output: Tensor, args: Arguments, kwargs: Keywords) -> int:
    """The operations of a call of a function, for all images."""
    if name in CONVOLUTIONS:
        weight, bias = argument(args, kwargs, 1, "weight"), argument(args, kwargs, 2, "bias")
        moved = input if name.startswith("conv_transpose") else output
        return int(moved.numel() * math.prod(weight.shape[1:])) + (output.numel() if bias is not None else 0)
    if name == "linear":
        return input.shape[-1] * output.numel()
    if name in PRODUCTS:
        return _of_product(name, input, output, args, kwargs)
    if name == "scaled_dot_product_attention":
        key, value = argument(args, kwargs, 1, "key"), argument(args, kwargs, 2, "value")
        return int(input.numel() // input.shape[-1] * key.shape[-2] * (input.shape[-1] + value.shape[-1]))
    if name in RECURRENT:
        matrices = sum(tensor.numel() for tensor in tensors_in(args[2:]) if tensor.dim() == 2)
        return input.numel() // input.shape[-1] * matrices
    if name in NORMS:
        return input.numel() * (1 if argument(args, kwargs, NORMS[name], "weight") is None else 2)
    if name in POOLS:
        return _of_pool(input, args, kwargs)
    if name.startswith("adaptive_") and "pool" in name:
        sides = zip(input.shape[2:], output.shape[2:], strict=True)
        return math.prod(input.shape[:2]) * math.prod(_windows(*pair) for pair in sides)
    if name == "interpolate":
        return output.numel()
    found = entering(name, args, kwargs)
    return found[0].numel() if found is not None and not found[1] else 0


NORMS = {"batch_norm": 3, "instance_norm": 3, "layer_norm": 2, "group_norm": 2, "rms_norm": 2}
"""By norm, the place of the scale among its arguments."""
POOLS = frozenset(f"{kind}_pool{sides}d" for kind in ("avg", "max") for sides in (1, 2, 3))


def _of_pool(input: Tensor, args: Arguments, kwargs: Keywords) -> int:
    """The size of all windows of a pool."""
    sides = input.shape[2:]

    def each(value: Any) -> list[int]:
        return [value] * len(sides) if isinstance(value, int) else [*value] * (len(sides) // len(value))

    kernel = each(argument(args, kwargs, 1, "kernel_size"))
    stride = each(argument(args, kwargs, 2, "stride") or kernel)
    padding = each(argument(args, kwargs, 3, "padding", 0))
    positions = (
        (side + 2 * pad - size) // step + 1
        for side, size, step, pad in zip(sides, kernel, stride, padding, strict=True)
    )
    return math.prod(input.shape[:2]) * math.prod(positions) * math.prod(kernel)


def _of_product(name: str, input: Tensor, output: Tensor, args: Arguments, kwargs: Keywords) -> int:
    """The multiply-adds of a matrix product."""
    tensors = [tensor for tensor in tensors_in([*args, *kwargs.values()]) if tensor.dim()]
    if name in {"addmm", "baddbmm", "addbmm", "addmv"}:
        tensors = tensors[1:]
    if len(tensors) < 2:
        return 0
    if name == "bilinear":
        return output.numel() * tensors[0].shape[-1] * tensors[1].shape[-1]
    left, right = tensors[:2]
    if name == "__rmatmul__":
        left = right
    if name == "einsum":
        return _of_einsum(next(value for value in args if isinstance(value, str)), tensors)
    if name == "tensordot":
        return round(math.sqrt(left.numel() * right.numel() * output.numel()))
    return left.shape[-1] * output.numel()


def _of_einsum(equation: str, tensors: list[Tensor]) -> int:
    """The product of the sizes of all indices."""
    sizes: dict[object, int] = {}
    for indices, tensor in zip(equation.replace(" ", "").split("->")[0].split(","), tensors, strict=True):
        first, dots, last = indices.partition("...")
        shape = [*tensor.shape]
        sizes |= dict(zip(first, shape, strict=False))
        if dots:
            sizes |= dict(zip(reversed(last), reversed(shape), strict=False))
            between = shape[len(first) : len(shape) - len(last)]
            for place, size in enumerate(reversed(between)):
                sizes[place] = max(size, sizes.get(place, 1))
    return math.prod(sizes.values())


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
