"""The product w . (H g) of weights w, gradient g and the loss's Hessian H, from one pass with two ways back.

Within :class:`SecondOrder` the network's convolutions, batch norms and ReLUs, whatever calls them, are those of
:mod:`~rayzc.proxies.measuring.twice_differentiable`; everything else is torch's.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from rayzc.errors import ProxyError
from rayzc.proxies.measuring.twice_differentiable import Backward, BatchNorm, Convolution, ReLU, inner

__all__ = ["Backward", "RefuseBatchStatistics", "SecondOrder"]


class SecondOrder(TorchFunctionMode):
    """Within it, convolutions by the given weights, batch norms and ReLUs can be differentiated twice fast.

    Attributes:
        weights: the weights to differentiate by, each requiring a gradient.
        gates: a scalar for each of them, or None for a weight that met no convolution yet.
        backward: what the pass that is being run is after; set it before each.
    """

    def __init__(self, weights: Sequence[Tensor]) -> None:
        super().__init__()
        self.weights = weights
        self.gates: list[Tensor | None] = [None] * len(weights)
        self.backward = Backward.WEIGHTS
        self._index = {id(weight): index for index, weight in enumerate(weights)}

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Exchanges the three functions, passes all others on."""
        kwargs = kwargs or {}
        if function is torch.nn.functional.batch_norm:
            return self._batch_norm(function, *args, **kwargs)
        if function is torch.conv2d:
            return self._conv2d(function, *args, **kwargs)
        if function is torch.nn.functional.relu and not (kwargs.get("inplace") or args[1:2] == (True,)):
            return ReLU.apply(args[0] if args else kwargs["input"])  # type: ignore[no-untyped-call]
        return function(*args, **kwargs)

    def _batch_norm(
        self,
        function: Callable[..., Any],
        input: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Any:
        fixed = not any(tensor is not None and tensor.requires_grad for tensor in (weight, bias))
        if training and fixed and input.numel() > input.shape[1] and input.requires_grad:
            return BatchNorm.apply(input, weight, bias, running_mean, running_var, momentum, eps)  # type: ignore[no-untyped-call]
        return function(input, running_mean, running_var, weight, bias, training, momentum, eps)

    def _conv2d(
        self,
        function: Callable[..., Any],
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
    ) -> Any:
        index = self._index.get(id(weight))
        fixed = bias is None or not bias.requires_grad
        if index is None or isinstance(padding, str) or input.dim() != 4 or not fixed:
            return function(input, weight, bias, stride, padding, dilation, groups)
        gate = self.gates[index]
        if gate is None:
            gate = self.gates[index] = weight.new_ones(()).requires_grad_()
        how = (_pair(stride), _pair(padding), _pair(dilation), False, [0, 0], groups)
        return Convolution.apply(input, weight, gate, bias, how, self)  # type: ignore[no-untyped-call]

    def curvatures(
        self, gradients: Sequence[Tensor | None], direction: Sequence[Tensor | None] | None = None
    ) -> list[float]:
        """W . (H d) for each weight w.

        Args:
            gradients: of the loss by the weights, from a pass with ``create_graph``.
            direction: d, by default these gradients.
        """
        pairs = [
            (along.detach(), gradient)
            for along, gradient in zip(direction or gradients, gradients, strict=True)
            if along is not None and gradient is not None and gradient.requires_grad
        ]
        if not pairs:
            return [0.0] * len(self.weights)
        product = torch.stack([inner(along, gradient) for along, gradient in pairs]).sum()
        self.backward = Backward.CURVATURE
        gated = [index for index, gate in enumerate(self.gates) if gate is not None]
        by = [*self.weights, *(gate for gate in self.gates if gate is not None)]
        found = torch.autograd.grad(product, by, allow_unused=True)
        # A weight that a convolution used has its share in its gate; one used elsewhere, in its own gradient.
        shares = [
            0.0 if share is None else float(inner(weight.detach(), share))
            for weight, share in zip(self.weights, found, strict=False)
        ]
        for index, share in zip(gated, found[len(self.weights) :], strict=True):
            shares[index] += 0.0 if share is None else float(share)
        return shares


class RefuseBatchStatistics(TorchFunctionMode):
    """Within it, batch norm in train mode is an error: the batch in hand is only a part of the whole."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Passes all functions on but one."""
        kwargs = kwargs or {}
        if function is torch.nn.functional.batch_norm and kwargs.get("training", args[5:6] == (True,)):
            raise ProxyError("batch norm couples the images of the batch, which therefore cannot be split")
        return function(*args, **kwargs)


def _pair(value: int | Sequence[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)
