"""Running a network with some of torch's functions overridden."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from rayzc.errors import ProxyError

__all__ = ["Override", "RefuseBatchStatistics", "WithoutBatchNorm"]


class Override(TorchFunctionMode):
    """A mode in which methods run instead of some of torch's functions, wherever these are called.

    Attributes:
        methods: by function, the name of the method that is called instead, with the function and its arguments.
    """

    methods: ClassVar[Mapping[Callable[..., Any], str]] = {}

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Calls the method of an overridden function, and all other functions as they are."""
        method = self.methods.get(function)
        if method is None:
            return function(*args, **(kwargs or {}))
        return getattr(self, method)(function, *args, **(kwargs or {}))


class WithoutBatchNorm(Override):
    """A mode in which batch norm does nothing."""

    methods: ClassVar = {nn.functional.batch_norm: "_batch_norm"}

    def _batch_norm(self, function: Callable[..., Any], input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return input


class RefuseBatchStatistics(Override):
    """A mode in which batch norm in train mode is an error, as only a part of the batch goes through.

    Args:
        error: raised instead of one that says so.
    """

    methods: ClassVar = {nn.functional.batch_norm: "_batch_norm"}

    def __init__(self, error: type[Exception] | None = None) -> None:
        super().__init__()
        self._error = error

    def _batch_norm(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("training", args[5:6] == (True,)):
            if self._error is not None:
                raise self._error
            raise ProxyError("batch norm couples the images of the batch, which therefore cannot be split")
        return function(*args, **kwargs)
