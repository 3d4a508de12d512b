"""Undoing what a network's code does about how it is run, so that it does not change what is measured.

While a network is measured, activation checkpointing keeps activations, ``autocast`` casts nothing, and
``torch.compile`` compiles nothing. Attention is computed by plain operations, and recurrent layers step by step: these
can be differentiated twice.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils import checkpoint

from rayzc.passes.overrides import Override

__all__ = ["OnePrecision", "in_one_precision", "neutralised"]


@contextmanager
def neutralised(model: nn.Module) -> Iterator[None]:
    """Undoes what the network's code does about how it is run, for the block."""
    with ExitStack() as stack:
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        if "torch._dynamo" in sys.modules:  # which only networks with compiled parts import
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        if any(isinstance(module, nn.RNNBase) for module in model.modules()):
            stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        for place, name, value in _replaced():
            if hasattr(place, name):
                stack.enter_context(patch.object(place, name, value))
        yield


def _replaced() -> list[tuple[Any, str, Any]]:
    return [
        (torch.autocast, "__enter__", lambda self: self),
        (torch.autocast, "__exit__", lambda self, *_: None),
        (checkpoint, "CheckpointFunction", _KeptActivations),
        (checkpoint, "_checkpoint_without_reentrant_generator", _nothing_around),
    ]


class _KeptActivations:
    """In place of the function that computes activations again."""

    @staticmethod
    def apply(function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        return function(*args)


def _nothing_around(*args: Any, **kwargs: Any) -> Iterator[None]:
    yield


@contextmanager
def in_one_precision(dtype: torch.dtype) -> Iterator[None]:
    """Keeps floating tensors, also those that the network's code makes, in the precision of the measurement."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with OnePrecision(dtype):
            yield
    finally:
        torch.set_default_dtype(before)


class OnePrecision(Override):
    """A mode in which floating tensors stay in the precision of the measurement, whatever they are cast to."""

    methods: ClassVar[Mapping[Callable[..., Any], str]] = {
        Tensor.half: "_keep",
        Tensor.bfloat16: "_keep",
        Tensor.float: "_keep",
        Tensor.double: "_keep",
        Tensor.to: "_to",
        Tensor.type: "_to",
        Tensor.type_as: "_type_as",
    }

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Also replaces the types that functions are asked for by name."""
        if kwargs and _is_floating(kwargs.get("dtype")):
            kwargs = {**kwargs, "dtype": self._dtype}
        return super().__torch_function__(function, types, args, kwargs)

    def _keep(self, function: Callable[..., Any], input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return input if input.is_floating_point() else input.to(self._dtype)

    def _to(self, function: Callable[..., Any], input: Tensor, *args: Any, **kwargs: Any) -> Any:
        return function(input, *(self._dtype if _is_floating(value) else value for value in args), **kwargs)

    def _type_as(self, function: Callable[..., Any], input: Tensor, other: Tensor) -> Any:
        return input.to(self._dtype) if other.is_floating_point() else function(input, other)


def _is_floating(value: object) -> bool:
    return isinstance(value, torch.dtype) and value.is_floating_point
