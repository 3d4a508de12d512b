"""Watching the functions of torch that a network calls, wherever it calls them."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["Listener", "Watch", "argument", "tensors_in", "unwatched"]

T = TypeVar("T")
Arguments = Sequence[Any]
Keywords = Mapping[str, Any]


class Listener:
    """Is told of every function of torch that a network calls. By default, it does nothing.

    Attributes:
        in_attention: within torch's attention, whose tokens come before the images, the number of images or windows
            that it was given; otherwise 0.
    """

    in_attention: int = 0

    def before(self, name: str, args: Arguments, kwargs: Keywords) -> None:
        """A function is about to be called; its arguments are as they were given, before it works in place."""

    def after(self, name: str, args: Arguments, kwargs: Keywords, result: Any) -> None:
        """A function was called."""


class Watch(TorchFunctionMode):
    """A mode in which listeners are told of every function of torch that is called.

    Attention hides its linear layers in one function, into which the mode looks.

    Args:
        listeners: who is told, in this order.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        super().__init__()
        self._listeners = listeners

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Tells the listeners, and calls the function."""
        kwargs = kwargs or {}
        if function is functional.multi_head_attention_forward:
            return self._attend(args, kwargs)
        name = getattr(function, "__name__", "")
        for listener in self._listeners:
            listener.before(name, args, kwargs)
        result = function(*args, **kwargs)
        for listener in self._listeners:
            listener.after(name, args, kwargs, result)
        return result

    def _attend(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        query = argument(args, kwargs, 0, "query")
        for listener in self._listeners:
            listener.in_attention = query.shape[1] if query.dim() == 3 else 1
        try:
            with self:
                return _attention(*args, **kwargs)
        finally:
            for listener in self._listeners:
                listener.in_attention = 0


def unwatched(hook: Callable[..., T]) -> Callable[..., T]:
    """Makes a hook's own calls of torch's functions pass by all modes, which are there for the network's."""

    @wraps(hook)
    def run(*args: Any) -> T:
        with torch._C.DisableTorchFunction():
            return hook(*args)

    return run


def _opened(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of torch.nn.functional that runs in its caller's modes instead of handing itself over to them."""
    code = cast(FunctionType, function)
    names = {**code.__globals__, "has_torch_function": lambda *_: False}
    opened = FunctionType(code.__code__, names, code.__name__, code.__defaults__, code.__closure__)
    opened.__kwdefaults__ = code.__kwdefaults__
    return opened


_attention = _opened(functional.multi_head_attention_forward)


def argument(args: Arguments, kwargs: Keywords, place: int, name: str, default: Any = None) -> Any:
    """An argument that a function was given by its place or its name."""
    return args[place] if len(args) > place else kwargs.get(name, default)


def tensors_in(values: Any) -> list[Tensor]:
    """The tensors among values, lists of tensors included."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += tensors_in(value)
    return found
