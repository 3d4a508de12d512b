"""Convolution and batch norm whose double backward is near its floor, and w . (H g) from it.

GraSP asks for w . (H g): weights w, gradient g, Hessian H of the loss. Torch gets there by differentiating its
gradients, and pays for batch norm's double backward in some twenty elementwise kernels and for the gradient
H g of every weight. Here both layers are functions of their own:

- The double backward of a convolution y = x * w is again convolutions. Of H g only its product with w is
  wanted, and <w, dz/dw> = <x, dz/dx> for every term that is linear in w, so that the two convolutions that
  would give dz/dw are replaced by inner products of tensors that are there. A *gate*, a scalar one beside
  every weight, collects them: conceptually y = x * (gate w), and dz/dgate is the answer.
- The double backward of batch norm is one affine combination of three tensors per channel, whose coefficients
  come from the fused kernel of the ordinary backward.

Values and first gradients come from the same kernels as torch's own, so they are torch's own.
"""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

from rayzc.errors import ProxyError

__all__ = ["Backward", "RefuseBatchStatistics", "SecondOrder"]

ATEN = torch.ops.aten


class Backward(Enum):
    """What a backward pass is after; convolutions leave out what it is not."""

    IMAGES = auto()
    WEIGHTS = auto()
    CURVATURE = auto()


class SecondOrder(TorchFunctionMode):
    """Within it, convolutions by the given weights and batch norms are the functions of this module.

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
        """Exchanges the two functions, passes all others on."""
        kwargs = kwargs or {}
        if function is torch.nn.functional.batch_norm:
            return self._batch_norm(function, *args, **kwargs)
        if function is torch.conv2d:
            return self._conv2d(function, *args, **kwargs)
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
            return _BatchNorm.apply(input, weight, bias, running_mean, running_var, momentum, eps)  # type: ignore[no-untyped-call]
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
        return _Convolution.apply(input, weight, gate, bias, how, self)  # type: ignore[no-untyped-call]

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
        product = torch.stack([_inner(along, gradient) for along, gradient in pairs]).sum()
        self.backward = Backward.CURVATURE
        gated = [index for index, gate in enumerate(self.gates) if gate is not None]
        by = [*self.weights, *(gate for gate in self.gates if gate is not None)]
        found = torch.autograd.grad(product, by, allow_unused=True)
        # A weight that a convolution used has its share in its gate; one used elsewhere, in its own gradient.
        shares = [
            0.0 if share is None else float(_inner(weight.detach(), share))
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


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        weight: Tensor,
        gate: Tensor,
        bias: Tensor | None,
        how: Any,
        mode: SecondOrder,
    ) -> Tensor:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(input, weight, gate)
        ctx.how, ctx.mode = how, mode
        result: Tensor = ATEN.convolution(input, weight, bias, *how)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> Any:
        if gradient is None:
            return (None,) * 6
        input, weight, gate = ctx.saved_tensors
        backward = ctx.mode.backward
        if backward is Backward.WEIGHTS:
            to_input, to_weight = _ConvolutionBackward.apply(  # type: ignore[no-untyped-call]
                gradient, input, weight, gate, ctx.how, ctx.needs_input_grad[0]
            )
            return to_input, to_weight, None, None, None, None
        to_input = ATEN.convolution_backward(gradient, input, weight, None, *ctx.how, [True, False, False])[0]
        to_gate = _inner(input, to_input) if backward is Backward.CURVATURE else None
        return to_input if ctx.needs_input_grad[0] else None, None, to_gate, None, None, None


class _ConvolutionBackward(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, gradient: Tensor, input: Tensor, weight: Tensor, gate: Tensor, how: Any, inner: bool
    ) -> Any:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(gradient, input, weight)
        ctx.how = how
        return ATEN.convolution_backward(gradient, input, weight, None, *how, [inner, True, False])[:2]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_input: Tensor | None, to_weight: Tensor | None) -> Any:
        gradient, input, weight = ctx.saved_tensors
        second = inward = gate = None
        if to_input is not None:
            second = ATEN.convolution(to_input, weight, None, *ctx.how)
            gate = _inner(second, gradient)
        if to_weight is not None:
            share = ATEN.convolution(input, to_weight, None, *ctx.how)
            second = share if second is None else second.add_(share)
            if ctx.needs_input_grad[1]:
                how = (*ctx.how, [True, False, False])
                inward = ATEN.convolution_backward(gradient, input, to_weight, None, *how)[0]
        return second, inward, None, gate, None, None


class _BatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        scale: Tensor | None,
        shift: Tensor | None,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        momentum: float,
        eps: float,
    ) -> Tensor:
        ctx.set_materialize_grads(False)
        result, mean, deviation = ATEN.native_batch_norm(
            input, scale, shift, running_mean, running_var, True, momentum, eps
        )
        ctx.save_for_backward(input, scale, mean, deviation)
        ctx.eps = eps
        return result  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> Any:
        if gradient is None:
            return (None,) * 7
        to_input = _BatchNormBackward.apply(gradient, *ctx.saved_tensors, ctx.eps)  # type: ignore[no-untyped-call]
        return to_input, None, None, None, None, None, None


class _BatchNormBackward(torch.autograd.Function):
    """With x' = s (x - m) the normalised input, s the inverse deviation, means over all but the channels.

    Forward: c s (g - mean(g) - x' a) with a = mean(g x') and c the scale. Its inner product with u has, with
    b = mean(u x'), these derivatives: by g, the same formula with u for g; by x,
    -c s^2 (b (g - mean(g)) + a (u - mean(u)) + x' (cov(g, u) - 3 a b)).
    """

    @staticmethod
    def forward(
        ctx: Any,
        gradient: Tensor,
        input: Tensor,
        scale: Tensor | None,
        mean: Tensor,
        inverse: Tensor,
        eps: float,
    ) -> Tensor:
        ctx.set_materialize_grads(False)
        to_input, with_input, total = _normalised_backward(gradient, input, scale, mean, inverse, eps)
        ctx.save_for_backward(gradient, input, scale, mean, inverse, with_input, total)
        ctx.eps = eps
        return to_input

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor | None) -> Any:
        if outer is None:
            return (None,) * 6
        gradient, input, scale, mean, inverse, with_input, total = ctx.saved_tensors
        count = input.numel() // input.shape[1]
        to_gradient, outer_with_input, outer_total = _normalised_backward(
            outer, input, scale, mean, inverse, ctx.eps
        )
        a, b = with_input / count, outer_with_input / count
        gradient_mean, outer_mean = total / count, outer_total / count
        # The kernel that sums gradient times normalised input sums here outer times centred gradient.
        one = torch.ones_like(mean)
        covariance = (
            _normalised_backward(outer, gradient, one, gradient_mean, one, ctx.eps, only_sums=True)[1] / count
        )
        factor = -inverse.square() if scale is None else -scale * inverse.square()
        of_input = factor * inverse * (covariance - 3 * a * b)
        constant = -of_input * mean - factor * (b * gradient_mean + a * outer_mean)
        shape = (1, -1) + (1,) * (input.dim() - 2)
        to_input = torch.addcmul(constant.view(shape), input, of_input.view(shape))
        to_input.addcmul_(gradient, (factor * b).view(shape)).addcmul_(outer, (factor * a).view(shape))
        return to_gradient, to_input, None, None, None, None


def _normalised_backward(
    gradient: Tensor,
    input: Tensor,
    scale: Tensor | None,
    mean: Tensor,
    inverse: Tensor,
    eps: float,
    *,
    only_sums: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch norm's backward, and per channel the sums of gradient times normalised input and of gradient."""
    mask = [not only_sums, True, True]
    statistics = (None, None, mean, inverse)
    result: tuple[Tensor, Tensor, Tensor] = ATEN.native_batch_norm_backward(
        gradient, input, scale, *statistics, True, eps, mask
    )
    return result


def _pair(value: int | Sequence[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _inner(left: Tensor, right: Tensor) -> Tensor:
    return (left * right).sum()
