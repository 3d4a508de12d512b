"""A look at a network before it is measured: which of its parameters enter convolutions and matrix products.

Only networks with matrices outside of layers need it (attention, own parameters): one image goes through, and every
function that multiplies by a matrix or a kernel is watched. A parameter may be sliced, reshaped or computed with
before: what is computed from parameters alone stands for them.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from rayzc.passes.network import layers
from rayzc.passes.replica import Replica, randomness_from
from rayzc.passes.subject import Subject
from rayzc.passes.watching import Arguments, Keywords, Listener, Watch, argument, tensors_in

__all__ = ["CONVOLUTIONS", "PRODUCTS", "RECURRENT", "still_norms", "surveyed"]

CONVOLUTIONS = frozenset(
    {
        *("conv1d", "conv2d", "conv3d"),
        *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    }
)
PRODUCTS = frozenset(
    {
        *(
            "linear",
            "bilinear",
            "matmul",
            "__matmul__",
            "__rmatmul__",
            "mm",
            "bmm",
            "addmm",
            "baddbmm",
            "addbmm",
        ),
        *("einsum", "tensordot", "mv", "addmv", "chain_matmul", "multi_dot"),
    }
)
RECURRENT = frozenset(
    {
        *("lstm", "gru", "rnn_tanh", "rnn_relu"),
        *("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"),
    }
)


def surveyed(subject: Subject) -> Subject:
    """The subject with the layers that only a run shows; the same if there can be none, or if the network fails."""
    if not subject.loose:
        return subject
    replica = Replica(subject)
    found = _Weights(replica)
    subject.passes["survey"] += 1
    randomness_from(subject.seed, subject.device)
    try:
        with ExitStack() as stack:
            stack.enter_context(still_norms(subject.model))
            stack.enter_context(torch.no_grad())
            stack.enter_context(Watch([found]))
            replica.logits(subject.laid_out(subject.images[:1]))
    except Exception:
        # What is wrong will show, and be told, where proxies are measured; what was seen so far counts.
        pass
    return replace(subject, layers=layers(subject.model, frozenset(found.names)))


def still_norms(model: nn.Module) -> ExitStack:
    """Lets batch norms use their stored statistics, as one image may be too few for others."""
    stack = ExitStack()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training:
            module.training = False
            stack.callback(setattr, module, "training", True)
    return stack


class _Weights(Listener):
    """Follows parameters, and what is computed from them alone, into convolutions and matrix products."""

    def __init__(self, replica: Replica) -> None:
        self.names: set[str] = set()
        self._kept: list[Tensor] = []  # so that no address is used again
        self._matrices = {name for name, tensor in replica.parameters.items() if tensor.dim() > 1}
        self._origins = {
            tensor.untyped_storage().data_ptr(): frozenset([name])
            for name, tensor in replica.parameters.items()
            if tensor.numel()
        }
        self._neutral = {tensor.untyped_storage().data_ptr() for tensor in replica.buffers.values()}

    def _of(self, tensor: Any) -> frozenset[str]:
        """The parameters that a tensor is computed from, if from nothing else."""
        if not isinstance(tensor, Tensor):
            return frozenset()
        return self._origins.get(tensor.untyped_storage().data_ptr(), frozenset())

    def after(self, name: str, args: Arguments, kwargs: Keywords, result: Any) -> None:
        """Takes the parameters of a product; otherwise sees what follows from parameters alone."""
        given = tensors_in([*args, *kwargs.values()])
        if not given or name in {"__get__", "__set__"}:
            return
        if name in CONVOLUTIONS or name in {"linear", "bilinear"}:
            self._take(argument(args, kwargs, 2 if name == "bilinear" else 1, "weight"))
        elif name in PRODUCTS or name in RECURRENT:
            for tensor in given:
                self._take(tensor)
        else:
            self._follow(given, result)

    def _take(self, tensor: Any) -> None:
        self.names |= self._of(tensor) & self._matrices

    def _follow(self, given: Sequence[Tensor], result: Any) -> None:
        followed = [tensor for tensor in given if tensor.untyped_storage().data_ptr() not in self._neutral]
        origins = [self._of(tensor) for tensor in followed]
        if origins and all(origins):
            for made in tensors_in([result]):
                if self._of(made):
                    continue
                self._kept.append(made)
                self._origins[made.untyped_storage().data_ptr()] = frozenset().union(*origins)
