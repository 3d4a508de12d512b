"""Running a network with some of torch's functions exchanged for others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from rayzc.errors import ProxyError

__all__ = ["Exchange", "RefuseBatchStatistics", "WithoutBatchNorm"]


class Exchange(TorchFunctionMode):
    """Within it, some of torch's functions are others, whatever calls them.

    Attributes:
        methods: the functions, each with the name of the method that is called instead: with the function, then
            with the function's arguments.
    """

    methods: ClassVar[Mapping[Callable[..., Any], str]] = {}

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Exchanges the functions of :attr:`methods`, passes all others on."""
        method = self.methods.get(function)
        if method is None:
            return function(*args, **(kwargs or {}))
        return getattr(self, method)(function, *args, **(kwargs or {}))


class WithoutBatchNorm(Exchange):
    """Within it, batch norm does nothing."""

    methods: ClassVar = {nn.functional.batch_norm: "_batch_norm"}

    def _batch_norm(self, function: Callable[..., Any], input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return input


class RefuseBatchStatistics(Exchange):
    """Within it, batch norm in train mode is an error: the batch in hand is only a part of the whole."""

    methods: ClassVar = {nn.functional.batch_norm: "_batch_norm"}

    def _batch_norm(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("training", args[5:6] == (True,)):
            raise ProxyError("batch norm couples the images of the batch, which therefore cannot be split")
        return function(*args, **kwargs)
