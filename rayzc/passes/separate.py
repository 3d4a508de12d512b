"""By-products gathered outside the shared pass, as they need another batch, other weights, or no pass at all."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rayzc.errors import ProxyError
from rayzc.passes.network import leaves
from rayzc.passes.overrides import RefuseBatchStatistics, WithoutBatchNorm
from rayzc.passes.replica import OverwrittenError, Replica, derivatives, randomness_from
from rayzc.passes.subject import Subject

__all__ = [
    "GaussianAnswer",
    "cancels",
    "copied_network",
    "flow",
    "gaussian_answer",
    "half_gradients",
    "weights",
]


def weights(subject: Subject) -> tuple[Tensor, ...]:
    """Returns the weights of the layers in float32."""
    parameters = dict(subject.model.named_parameters())
    return tuple(
        parameters[layer.weight].detach().to(subject.device, torch.float32) for layer in subject.layers
    )


def copied_network(subject: Subject) -> nn.Module:
    """Returns a copy of the network in train mode, which keeps gradients for all its parameters."""
    return deepcopy(subject.model).to(subject.device).requires_grad_(True)


def half_gradients(subject: Subject, dtype: torch.dtype = torch.float32) -> tuple[tuple[Tensor, ...], ...]:
    """Returns the loss's gradients for either half of the batch, run by itself; nothing for a single image.

    For networks that couple the images of a batch; of others the shared pass halves the batch.

    Args:
        subject: what is measured.
        dtype: the precision.
    """
    if subject.labels is None:
        raise ProxyError("no labels were given, and the loss needs them")
    images = len(subject.images)
    if images < 2:
        return ()
    replica = Replica(subject, dtype)
    differentiated = replica.differentiable()
    randomness_from(subject.seed, subject.device)
    halves = []
    for half in (slice(0, images // 2), slice(images // 2, images)):
        subject.passes["half forward"] += 1
        subject.passes["half backward"] += 1
        logits = replica.logits(subject.laid_out(subject.images[half].to(dtype)))
        labels = subject.labels[half]
        if labels.is_floating_point():
            labels = labels.to(dtype)
        halves.append(replica.per_layer(derivatives(subject.loss_of(logits, labels), differentiated)))
    return tuple(halves)


ROUNDING = 5e-7
"""The share of a gradient that float32 leaves uncertain, roughly."""
UNCERTAIN = 1e-2
"""The largest uncertainty of a layer's part of zico that is put up with."""


def cancels(halves: Sequence[Sequence[Tensor]]) -> bool:
    """Whether the halves of some gradients are so close that float32 leaves too little of their difference.

    Zico sums gradients divided by such differences, so that a few close ones decide about a layer.
    """
    if len(halves) < 2:
        return False
    for first, second in zip(*halves, strict=True):
        apart = (first - second).abs()
        ratios = ((first.abs() + second.abs()) / apart)[apart > 0].double()
        if len(ratios) and float(ROUNDING * ratios.square().sum() / ratios.sum()) > UNCERTAIN:
            return True
    return False


class Flow(tuple[tuple[Tensor, Tensor], ...]):
    """Per layer its absolute weight and the gradient of the summed outputs by it, both float64.

    Attributes:
        log_scale: the logarithm of what their products are to be multiplied by; 0 unless these exceed float64.
    """

    log_scale: float = 0.0


def flow(subject: Subject, *, batch_norm: bool) -> Flow:
    """Runs one image of ones through the network of absolute weights, in float64.

    Args:
        subject: what is measured.
        batch_norm: whether batch norm acts; without it the network is linear in each of its layers.
    """
    found = _flow(subject, batch_norm=batch_norm, scales={})
    if math.isfinite(sum(float((weight * gradient).sum()) for weight, gradient in found)):
        return found
    weights = dict(zip((layer.weight for layer in subject.layers), found, strict=True))
    scales = {name: float(weight.max()) for name, (weight, _) in weights.items()}
    if not all(0 < scale < math.inf for scale in scales.values()):
        return found
    scaled = _flow(subject, batch_norm=batch_norm, scales=scales)
    shares = [float((weight * gradient).sum()) for weight, gradient in scaled]
    # Where each layer has the same share, every path goes through every layer, and scales can be taken out.
    if not shares or not min(shares) > 0 or max(shares) > min(shares) * (1 + 1e-6):
        return found
    scaled.log_scale = sum(map(math.log, scales.values()))
    return scaled


def _flow(subject: Subject, *, batch_norm: bool, scales: Mapping[str, float]) -> Flow:
    """The flow with weights divided by their scales; with scales, biases are left out, being small beside weights."""
    replica = Replica(subject, torch.float64)
    for tensor in (*replica.parameters.values(), *replica.buffers.values()):
        tensor.abs_()
    for name, tensor in replica.parameters.items():
        if name in scales:
            tensor.div_(scales[name])
        elif scales and name.endswith("bias"):
            tensor.zero_()
    differentiated = replica.differentiable()
    ones = torch.ones((1, *subject.images.shape[1:]), dtype=torch.float64, device=subject.device)
    randomness_from(subject.seed, subject.device)
    subject.passes["flow"] += 1
    with nullcontext() if batch_norm else WithoutBatchNorm():
        outputs = replica.logits(subject.laid_out(ones)).sum()
    gradients = replica.per_layer(derivatives(outputs, differentiated))
    return Flow(zip((weight.detach() for weight in replica.weights), gradients, strict=True))


@dataclass(frozen=True, slots=True)
class GaussianAnswer:
    """The response of a network with Gaussian weights to Gaussian images.

    Attributes:
        difference: mean over the images of the summed absolute difference that the perturbation makes to the
            features.
        variances: the mean running variance of every BatchNorm2d after both passes.
    """

    difference: float
    variances: tuple[float, ...]


PERTURBATION = 0.01


def gaussian_answer(subject: Subject, size: int) -> GaussianAnswer:
    """Draws weights and images from N(0, 1) and compares the features of images and perturbed images.

    Biases are 0, norms are as new. Features are what ``forward_features`` gives; of a network without it, the
    last feature map with more than one position, or tokens, that a layer puts out, or else the logits.

    Args:
        subject: what is measured; its images give the shape only.
        size: images to run at once.
    """
    replica = Replica(subject)
    draws = torch.Generator().manual_seed(subject.seed)
    _draw_weights(subject, replica, draws)
    shape = subject.images.shape
    first, second = (torch.randn(shape, generator=draws) for _ in range(2))
    run = _runner(subject, replica)
    randomness_from(subject.seed, subject.device)
    total = 0.0
    mode = RefuseBatchStatistics() if size < len(first) else nullcontext()
    with torch.no_grad(), mode:
        for start in range(0, len(first), size):
            images, noise = first[start : start + size], second[start : start + size]
            subject.passes["gaussian"] += 2
            plain = run(subject.laid_out(images.to(subject.device)))
            mixed = run(subject.laid_out((images + PERTURBATION * noise).to(subject.device)))
            difference = (plain - mixed).abs().sum(tuple(range(1, plain.dim())))
            total += float(difference.double().sum())
    buffers = (
        replica.buffers.get(f"{name}.running_var" if name else "running_var")
        for name, module in subject.model.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    )
    variances = tuple(float(variance.mean()) for variance in buffers if variance is not None)
    return GaussianAnswer(total / len(first), variances)


def _draw_weights(subject: Subject, replica: Replica, draws: torch.Generator) -> None:
    weights: dict[nn.Module, list[str]] = {}
    for layer in subject.layers:
        weights.setdefault(layer.module, []).append(layer.weight)
    drawn: set[str] = set()
    for name, module in subject.model.named_modules():
        prefix = f"{name}." if name else ""
        scaled = isinstance(module, NORMS)
        for weight in weights.get(module, []):
            if weight not in drawn:  # tied layers share it
                drawn.add(weight)
                tensor = replica.parameters[weight]
                tensor.copy_(torch.randn(tensor.shape, generator=draws))
        if scaled and (scale := replica.parameters.get(f"{prefix}weight")) is not None:
            scale.fill_(1.0)
        if scaled or module in weights:
            for own, _ in module.named_parameters(recurse=False):
                if "bias" in own and (shift := replica.parameters.get(prefix + own)) is not None:
                    shift.zero_()
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for buffer, value in (("running_mean", 0.0), ("running_var", 1.0)):
                found = replica.buffers.get(f"{prefix}{buffer}")
                if found is not None:
                    found.fill_(value)


NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm)


def _runner(subject: Subject, replica: Replica) -> Callable[[Tensor], Tensor]:
    """What runs a network and returns its features."""
    module = subject.model
    while not hasattr(module, "forward_features"):
        parts = list(module.children())
        own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        if len(parts) != 1 or own or isinstance(module, nn.Sequential):
            return _LastMap(subject, replica)
        module = parts[0]
    return replica.features if module is subject.model else _Inner(replica, module)


class _Inner:
    """Runs a network that wraps another, and returns the inner one's features."""

    def __init__(self, replica: Replica, module: nn.Module) -> None:
        self._replica = replica
        self._module = module

    def __call__(self, images: Tensor) -> Tensor:
        found: list[Any] = []
        inner: Any = self._module
        compute = inner.forward_features

        def recorded(*args: Any, **kwargs: Any) -> Any:
            found.append(compute(*args, **kwargs))
            return found[-1]

        inner.forward_features = recorded
        try:
            logits = self._replica.logits(images)
        finally:
            del inner.forward_features
        features = found[-1] if found else logits
        return features if isinstance(features, Tensor) else next(iter(features))


class _LastMap:
    """Runs a network without ``forward_features`` and returns the last of its layers' feature maps or tokens."""

    def __init__(self, subject: Subject, replica: Replica) -> None:
        self._subject = subject
        self._replica = replica
        self._map: tuple[Tensor, int] | None = None

    def __call__(self, images: Tensor) -> Tensor:
        self._map = None
        with ExitStack() as stack:
            hooked = [m for m in self._subject.model.modules() if isinstance(m, nn.MultiheadAttention)]
            for module in (*leaves(self._subject.model), *hooked):
                stack.callback(module.register_forward_hook(self._record).remove)
            logits = self._replica.logits(images)
        kept = self._kept()
        if kept is None:
            return logits
        features, version = kept
        if features._version != version:
            raise OverwrittenError
        return features

    def _kept(self) -> tuple[Tensor, int] | None:
        return self._map

    def _record(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Tensor | None:
        features = output[0] if isinstance(output, tuple) and output else output
        if not isinstance(features, Tensor) or features.dim() < 3 or math.prod(features.shape[2:]) < 2:
            return None
        self._map = features, features._version
        return features.clone() if self._subject.copies and features is output else None
