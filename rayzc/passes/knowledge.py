"""The Fisher information of a network about a few of its weights, one image at a time, without their gradients.

The first entry of a weight or bias stands for its layer. With a step s on the first entry of a convolution's weight,
its first output channel gains s times one input channel, moved and strided; likewise for linear layers, norms and
biases. So the derivative of a logit by s is, for every image, the inner product of that gain with the gradient at the
layer's output, and one backward pass for each class, or for each of a few random directions where there are many
classes, gives what is needed of all images and all weights.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from rayzc.passes.overrides import Override
from rayzc.passes.replica import Replica, randomness_from
from rayzc.passes.subject import Subject

__all__ = ["DIRECTIONS", "fisher_information"]

DIRECTIONS = 32
"""Backward passes for more classes than that."""


def fisher_information(subject: Subject, size: int) -> Tensor:
    """The mean over the images of J' (diag(p) - p p') J, for the softmax p of the logits and their derivatives J.

    J is by the first entry of each weight and bias of the convolutions, linear layers and batch norms, in the order in
    which they are called. The network is in evaluation mode, so that images do not influence each other.

    With M M' = diag(p) - p p' it is the sum over the classes c of (J' M e) (J' M e)', e the unit vector of c. For more
    than 32 classes, e is drawn instead, 32 times for each image: signs over sqrt(32), whose mean is the same.

    Args:
        subject: what is measured.
        size: images to run at once.

    Returns:
        ``(entries, entries)`` float64 on the cpu.
    """
    replica = Replica(subject)
    total: Tensor | None = None
    with ExitStack() as stack:
        for module in subject.model.modules():
            stack.callback(setattr, module, "training", module.training)
            module.training = False
        for start in range(0, len(subject.images), size):
            randomness_from(subject.seed, subject.device)
            share = _summed(subject, replica, range(start, min(start + size, len(subject.images))))
            total = share if total is None else total + share
    assert total is not None
    return total / len(subject.images)


def _summed(subject: Subject, replica: Replica, images: range) -> Tensor:
    """The sum over some images."""
    shown = subject.laid_out(subject.images[images.start : images.stop]).clone().requires_grad_()
    steps = Steps(len(images))
    subject.passes["fisher forward"] += 1
    with steps:
        logits = replica.logits(shown)
    directions = _directions(subject, logits.shape[1])[:, images.start : images.stop].to(logits)
    # M is diag(s) (1 - s s') for the roots s of the chances.
    roots = logits.detach().softmax(1).sqrt()
    directions = roots * (directions - roots * (directions * roots).sum(2, keepdim=True))
    rows = torch.zeros(len(directions), len(images), len(steps.entries), dtype=torch.float64)
    if logits.requires_grad:
        for number, direction in enumerate(directions):
            subject.passes["fisher backward"] += 1
            steps.found = rows[number]
            keep = number + 1 < len(directions)
            torch.autograd.grad(logits, shown, direction, retain_graph=keep, allow_unused=True)
    flat = rows.flatten(0, 1)
    return flat.T @ flat


def _directions(subject: Subject, classes: int) -> Tensor:
    """The vectors e of all images, ``(directions, images, classes)``, whatever the parts of the batch."""
    images = len(subject.images)
    if classes <= DIRECTIONS:
        return torch.eye(classes)[:, None].expand(-1, images, -1)
    draws = torch.Generator().manual_seed(subject.seed)
    signs = torch.randint(0, 2, (DIRECTIONS, images, classes), generator=draws, dtype=torch.float32) * 2 - 1
    return signs / math.sqrt(DIRECTIONS)


class Steps(Override):
    """A mode that takes a step on the first entry of every weight and bias, of length 0, and listens to its gradient.

    Attributes:
        entries: the number of each weight and bias, by itself.
        found: ``(images, entries)``, where the derivatives that arrive are added.
    """

    methods: ClassVar = {
        torch.conv2d: "_conv2d",
        nn.functional.linear: "_linear",
        nn.functional.batch_norm: "_batch_norm",
    }

    def __init__(self, images: int) -> None:
        super().__init__()
        self.entries: dict[Tensor, int] = {}
        self.found = torch.empty(0)
        self._images = images

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
        result = function(input, weight, bias, stride, padding, dilation, groups)
        if input.dim() == 4:
            corner = _corner(
                input.detach()[:, 0], result.shape[2:], weight.shape[2:], stride, padding, dilation
            )
            self._listen(result, 1, (weight, corner), (bias, None))
        return result

    def _linear(
        self, function: Callable[..., Any], input: Tensor, weight: Tensor, bias: Tensor | None = None
    ) -> Any:
        result = function(input, weight, bias)
        self._listen(result, -1, (weight, input.detach()[..., 0].clone()), (bias, None))
        return result

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
        result = function(input, running_mean, running_var, weight, bias, training, momentum, eps)
        if weight is not None:
            mean, variance = (
                None if training or known is None else known[:1] for known in (running_mean, running_var)
            )
            channel, fresh = input.detach()[:, :1].clone(), mean is None
            normed = function(channel, mean, variance, None, None, fresh, momentum, eps)
            self._listen(result, 1, (weight, normed[:, 0]), (bias, None))
        return result

    def _listen(self, result: Tensor, axis: int, *steps: tuple[Tensor | None, Tensor | None]) -> None:
        """Listens to the gradient at a layer's output.

        Args:
            result: the output.
            axis: that of the channels, the first of which the steps change.
            steps: each weight or bias, and by how much its step changes the output; None for 1.
        """
        gains = [
            (self.entries.setdefault(tensor, len(self.entries)), gain)
            for tensor, gain in steps
            if tensor is not None
        ]
        if result.requires_grad and result.shape[0] % self._images == 0:
            result.register_hook(partial(self._add, axis, gains))  # type: ignore[no-untyped-call]

    def _add(self, axis: int, gains: list[tuple[int, Tensor | None]], gradient: Tensor) -> None:
        first = gradient.detach().select(axis, 0)
        for entry, gain in gains:
            product = first if gain is None else first * gain
            self.found[:, entry] += product.reshape(self._images, -1).sum(1).cpu()


def _corner(
    channel: Tensor,
    output: Sequence[int],
    kernel: Sequence[int],
    stride: int | Sequence[int],
    padding: int | Sequence[int] | str,
    dilation: int | Sequence[int],
) -> Tensor:
    """What the first entry of a kernel sees of a channel ``(images, height, width)`` at each position of the output."""
    strides, dilations = _pair(stride), _pair(dilation)
    if isinstance(padding, str):
        same = padding == "same"
        pads = [step * (side - 1) // 2 if same else 0 for side, step in zip(kernel, dilations, strict=True)]
    else:
        pads = _pair(padding)
    # Beyond the channel there are zeros, as far as the last position of the output may see.
    beyond = [max((size - 1) * step + 1, 1) for size, step in zip(output, strides, strict=True)]
    seen = nn.functional.pad(channel, (pads[1], beyond[1], pads[0], beyond[0]))
    return seen[:, : beyond[0] : strides[0], : beyond[1] : strides[1]].clone()


def _pair(value: int | Sequence[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else [*value, *value][:2]
