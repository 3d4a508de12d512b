"""Counting multiply-adds as torch dispatches them: whatever is called, however it is called, as often as it is.

Convolutions of any dimension, transposed ones too, matrix products, attention and recurrent layers count; what works
element by element does not.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rayzc.passes.replica import Replica, randomness_from
from rayzc.passes.subject import Subject
from rayzc.passes.survey import still_norms

__all__ = ["MultiplyAdds", "count_macs"]


def count_macs(subject: Subject) -> int:
    """Counts the multiply-adds of one image; batch norms stand still, as one image may be too few for them."""
    replica = Replica(subject)
    subject.passes["macs"] += 1
    randomness_from(subject.seed, subject.device)
    counted = MultiplyAdds()
    with ExitStack() as stack:
        stack.enter_context(still_norms(subject.model))
        stack.enter_context(torch.no_grad())
        stack.enter_context(counted)
        replica.logits(subject.laid_out(subject.images[:1]))
    return counted.total


class MultiplyAdds(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A mode that counts the multiply-adds of all operations that run in it.

    Attributes:
        total: how many there were.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Says that torch's compiler need not be told to leave this mode alone, which imports it: a second or two."""
        return False

    def __torch_dispatch__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs an operation, and counts it."""
        result = function(*args, **(kwargs or {}))
        name = str(getattr(function, "overloadpacket", function)).removeprefix("aten.")
        if name in PRODUCTS:
            left = args[PRODUCTS[name]]
            self.total += left.shape[-1] * result.numel()
        elif name in CONVOLUTIONS:
            self.total += _convolution(args, result)
        elif name.startswith("_scaled_dot_product") and "backward" not in name:
            query, key, value = args[:3]
            pairs = math.prod(query.shape[:-1]) * key.shape[-2]
            self.total += pairs * (query.shape[-1] + value.shape[-1])
        elif "_rnn" in name:
            self.total += _recurrent(args)
        return result


PRODUCTS = {
    "mm": 0,
    "bmm": 0,
    "addmm": 1,
    "baddbmm": 1,
    "addbmm": 1,
    "mv": 0,
    "addmv": 1,
    "dot": 0,
    "linear": 0,
}
"""By operation, which argument has the side that is summed over last."""
CONVOLUTIONS = frozenset({"convolution", "_convolution", "convolution_overrideable", "mkldnn_convolution"})


def _convolution(args: Sequence[Any], result: Tensor) -> int:
    """Each output reads ``inputs / groups * kernel`` numbers; of a transposed one, each input writes such numbers."""
    input, weight = args[0], args[1]
    transposed = len(args) > 6 and bool(args[6])
    moved: int = input.numel() if transposed else result.numel()
    return int(moved * math.prod(weight.shape[1:]))


def _recurrent(args: Sequence[Any]) -> int:
    """Every step multiplies by every matrix once."""
    matrices = [
        tensor
        for given in args[1:]
        for tensor in (given if isinstance(given, (list, tuple)) else [given])
        if isinstance(tensor, Tensor) and tensor.dim() == 2
    ]
    return int(args[0].numel() // args[0].shape[-1] * sum(matrix.numel() for matrix in matrices))
