"""The product w . (H g) of weights w, gradient g and the loss's Hessian H, from a forward and two backward passes.

In :class:`SecondOrder` mode the network's convolutions, batch norms and ReLUs are those of
:mod:`~rayzc.passes.twice_differentiable`, wherever they are called; everything else is torch's.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from rayzc.passes.overrides import Override
from rayzc.passes.twice_differentiable import (
    Backward,
    BatchNorm,
    Convolution,
    HardSigmoid,
    Purpose,
    ReLU,
    inner,
)

__all__ = ["Backward", "Purpose", "SecondOrder"]


class SecondOrder(Override):
    """A mode in which convolutions by the given weights, batch norms and ReLUs are fast to differentiate twice.

    Attributes:
        weights: the weights to differentiate by, each requiring a gradient.
        gates: a scalar for each of them, or None for a weight that met no convolution yet.
        purpose: what the backward pass that is being run is after.
    """

    methods: ClassVar = {
        torch.nn.functional.batch_norm: "_batch_norm",
        torch.conv2d: "_conv2d",
        torch.nn.functional.relu: "_relu",
        torch.nn.functional.hardsigmoid: "_hardsigmoid",
    }

    def __init__(self, weights: Sequence[Tensor], purpose: Purpose) -> None:
        super().__init__()
        self.weights = weights
        self.gates: list[Tensor | None] = [None] * len(weights)
        self.purpose = purpose
        self._index = {id(weight): index for index, weight in enumerate(weights)}

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
        geometry = (_pair(stride), _pair(padding), _pair(dilation), False, [0, 0], groups)
        return Convolution.apply(input, weight, gate, bias, geometry, self.purpose)  # type: ignore[no-untyped-call]

    def _relu(self, function: Callable[..., Any], input: Tensor, inplace: bool = False) -> Any:
        return function(input, inplace) if inplace else ReLU.apply(input)  # type: ignore[no-untyped-call]

    def _hardsigmoid(self, function: Callable[..., Any], input: Tensor, inplace: bool = False) -> Any:
        return function(input, inplace) if inplace else HardSigmoid.apply(input)  # type: ignore[no-untyped-call]

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
        self.purpose.backward = Backward.CURVATURE
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


def _pair(value: int | Sequence[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)
