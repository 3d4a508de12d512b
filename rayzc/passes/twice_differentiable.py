"""Convolution, batch norm and ReLU whose double backward is near its floor.

GraSP needs w . (H g): weights w, gradient g, Hessian H of the loss. Torch gets there by differentiating its
gradients, and pays for batch norm's double backward in some twenty elementwise kernels and for the gradient
H g of every weight. Here these layers are custom functions:

- The double backward of a convolution y = x * w is again convolutions. Of H g only its product with w is
  needed, and <w, dz/dw> = <x, dz/dx> for every term that is linear in w, so that the two convolutions that
  would give dz/dw are replaced by inner products of tensors that are there. A *gate*, a scalar one beside
  every weight, collects them: conceptually y = x * (gate w), and dz/dgate is the answer.
- The double backward of batch norm is one affine combination of three tensors per channel, whose coefficients
  come from the fused kernel of the ordinary backward.

Values and first gradients come from the same kernels as torch's own (on the cpu), so they are torch's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["Backward", "BatchNorm", "Convolution", "HardSigmoid", "Purpose", "ReLU", "inner"]

ATEN = torch.ops.aten
Geometry = tuple[Sequence[int], Sequence[int], Sequence[int], bool, Sequence[int], int]
"""The arguments of ``aten::convolution`` from the stride on."""


class Backward(Enum):
    """What a backward pass is to compute; convolutions leave out the rest."""

    IMAGES = auto()
    WEIGHTS = auto()
    CURVATURE = auto()


@dataclass
class Purpose:
    """What the backward pass that is running is to compute; set it before each."""

    backward: Backward = Backward.WEIGHTS


class Convolution(torch.autograd.Function):
    """A two-dimensional convolution by a weight with a gate.

    Takes images, weight, gate, bias, geometry, and the purpose of the backward passes. The bias must not require a
    gradient.
    """

    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        weight: Tensor,
        gate: Tensor,
        bias: Tensor | None,
        geometry: Geometry,
        purpose: Purpose,
    ) -> Tensor:
        """Computes torch's own value."""
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(input, weight, gate)
        ctx.geometry, ctx.purpose = geometry, purpose
        result: Tensor = ATEN.convolution(input, weight, bias, *geometry)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> Any:
        """Computes torch's own gradients, which can be differentiated once more."""
        if gradient is None:
            return (None,) * 6
        input, weight, gate = ctx.saved_tensors
        backward = ctx.purpose.backward
        if backward is Backward.WEIGHTS:
            to_input, to_weight = _ConvolutionBackward.apply(  # type: ignore[no-untyped-call]
                gradient, input, weight, gate, ctx.geometry, ctx.needs_input_grad[0]
            )
            return to_input, to_weight, None, None, None, None
        to_input = ATEN.convolution_backward(
            gradient, input, weight, None, *ctx.geometry, [True, False, False]
        )[0]
        to_gate = inner(input, to_input) if backward is Backward.CURVATURE else None
        return to_input if ctx.needs_input_grad[0] else None, None, to_gate, None, None, None


class _ConvolutionBackward(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        gradient: Tensor,
        input: Tensor,
        weight: Tensor,
        gate: Tensor,
        geometry: Geometry,
        inward: bool,
    ) -> Any:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(gradient, input, weight)
        ctx.geometry = geometry
        return ATEN.convolution_backward(gradient, input, weight, None, *geometry, [inward, True, False])[:2]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_input: Tensor | None, to_weight: Tensor | None) -> Any:
        gradient, input, weight = ctx.saved_tensors
        second = inward = gate = None
        if to_input is not None:
            second = ATEN.convolution(to_input, weight, None, *ctx.geometry)
            gate = inner(second, gradient)
        if to_weight is not None:
            share = ATEN.convolution(input, to_weight, None, *ctx.geometry)
            second = share if second is None else second.add_(share)
            if ctx.needs_input_grad[1]:
                geometry = (*ctx.geometry, [True, False, False])
                inward = ATEN.convolution_backward(gradient, input, to_weight, None, *geometry)[0]
        return second, inward, None, gate, None, None


class BatchNorm(torch.autograd.Function):
    """Batch norm in train mode, whose scale and shift must not require gradients."""

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
        """Computes torch's own value."""
        ctx.set_materialize_grads(False)
        result, mean, deviation = ATEN.native_batch_norm(
            input, scale, shift, running_mean, running_var, True, momentum, eps
        )
        ctx.save_for_backward(input, scale, mean, deviation)
        ctx.eps = eps
        return result  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> Any:
        """Computes torch's own gradients, which can be differentiated once more."""
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
        """Computes torch's own value."""
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


class ReLU(torch.autograd.Function):
    """The rectifier. Torch's own sends tensors of zeros to its input when it is differentiated twice."""

    @staticmethod
    def forward(ctx: Any, input: Tensor) -> Tensor:
        """Computes torch's own value."""
        ctx.set_materialize_grads(False)
        result = torch.relu(input)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> Any:
        """Computes torch's own gradient, which can be differentiated once more."""
        if gradient is None:
            return None
        return _ReLUBackward.apply(gradient, *ctx.saved_tensors)  # type: ignore[no-untyped-call]


class _ReLUBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gradient: Tensor, result: Tensor) -> Tensor:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(result)
        to_input: Tensor = ATEN.threshold_backward(gradient, result, 0)
        return to_input

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor | None) -> Any:
        return None if outer is None else ATEN.threshold_backward(outer, *ctx.saved_tensors, 0), None


class HardSigmoid(torch.autograd.Function):
    """The hard sigmoid, which torch differentiates once only."""

    @staticmethod
    def forward(ctx: Any, input: Tensor) -> Tensor:
        """Computes torch's own value."""
        ctx.save_for_backward(input)
        result: Tensor = ATEN.hardsigmoid(input)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Computes torch's own gradient, which can be differentiated once more."""
        return _HardSigmoidBackward.apply(gradient, *ctx.saved_tensors)  # type: ignore[no-untyped-call]


class _HardSigmoidBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gradient: Tensor, input: Tensor) -> Tensor:
        ctx.save_for_backward(input)
        to_input: Tensor = ATEN.hardsigmoid_backward(gradient, input)
        return to_input

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> Any:
        return ATEN.hardsigmoid_backward(outer, *ctx.saved_tensors), None


def inner(left: Tensor, right: Tensor) -> Tensor:
    """The inner product of two tensors of one shape, without the memory that their product would take."""
    if left.dim() == 4 and not left.is_contiguous():
        left, right = left.permute(0, 2, 3, 1), right.permute(0, 2, 3, 1)
    return torch.dot(left.reshape(-1), right.reshape(-1))
