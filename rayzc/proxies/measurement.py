"""Measuring proxies on a network, by the fewest passes that give what they need."""

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import torch
from torch import Tensor, nn

from rayzc.errors import ProxyError
from rayzc.measurement import Measurement
from rayzc.passes.by_products import ByProducts
from rayzc.passes.neutral import neutralised
from rayzc.passes.plan import measure_needs
from rayzc.passes.replica import RestartError, randomness_from, untouched
from rayzc.passes.results import PassResults, reason_of
from rayzc.passes.subject import Subject, subject_of
from rayzc.passes.survey import surveyed
from rayzc.proxies.explanations import broken, unseen
from rayzc.proxies.registry import Proxy, find

__all__ = ["MeasurementWarning", "measure", "measure_detailed"]

Loss = Callable[[Tensor, Tensor], Tensor]


class MeasurementWarning(UserWarning):
    """A proxy could not be measured, or only in another way, such as in micro-batches."""


def measure(
    model: nn.Module,
    images: Tensor,
    labels: Tensor | None = None,
    proxies: Iterable[str | Proxy] | None = None,
    *,
    seed: int = 0,
    device: str | torch.device | None = None,
    loss: Loss = nn.functional.cross_entropy,
    classes: int | None = None,
) -> dict[str, float]:
    """Scores an untrained network by zero-cost proxies.

    The network is left as it was: weights, buffers, gradients, hooks, train/eval mode, and the random states of
    torch, numpy and Python. It is measured in train mode, whatever mode it is in.

    Example:
        >>> import torch, rayzc
        >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 10))
        >>> rayzc.measure(model, torch.randn(8, 3, 4, 4), torch.arange(8), ["params"])
        {'params': 0.00049}

    Args:
        model: any network that returns logits ``(images, classes)``, or a tuple with them.
        images: a batch ``(images, channels, height, width)``.
        labels: their classes ``(images,)``; without them the proxies that need a loss fail.
        proxies: names or proxies; all that are registered by default.
        seed: all randomness comes from it.
        device: where to measure; by default a GPU where there is one.
        loss: of logits and labels, the mean over the images.
        classes: the number of classes, where a network returns several tensors and none fits its last layer.

    Returns:
        A score by proxy; nan, with a warning that says why, for a proxy that could not be measured.

    Raises:
        ProxyError: a proxy is unknown, or network, images or labels cannot be used.
    """
    found = measure_detailed(
        model, images, labels, proxies, seed=seed, device=device, loss=loss, classes=classes
    )
    for text in (*found.notes, *(f"{name} was not measured: {why}" for name, why in found.failures.items())):
        warnings.warn(text, MeasurementWarning, stacklevel=2)
    names = [proxy.name for proxy in find(proxies)]
    return {name: found.scores.get(name, math.nan) for name in names}


def measure_detailed(
    model: nn.Module,
    images: Tensor,
    labels: Tensor | None = None,
    proxies: Iterable[str | Proxy] | None = None,
    *,
    seed: int = 0,
    device: str | torch.device | None = None,
    loss: Loss = nn.functional.cross_entropy,
    classes: int | None = None,
    plain_kernels: bool = False,
) -> Measurement:
    """Measures like :func:`measure`; failures, notes and passes are in the result, and nothing warns.

    Args:
        model: as for :func:`measure`, like all that follow but the last.
        images: a batch ``(images, channels, height, width)``.
        labels: their classes ``(images,)``.
        proxies: names or proxies.
        seed: all randomness comes from it.
        device: where to measure.
        loss: of logits and labels.
        classes: the number of classes.
        plain_kernels: compute without oneDNN and in channels-first on a CPU: more slowly, in another order of sums, and
            where a fast kernel ends the process.

    Raises:
        ProxyError: a proxy is unknown, or network, images or labels cannot be used.
    """
    began = time.perf_counter()
    chosen = find(proxies)
    needs = frozenset[str]().union(*(proxy.needs for proxy in chosen))

    def run(settings: dict[str, bool]) -> Measurement:
        with torch.inference_mode(False):
            subject = subject_of(
                model,
                images,
                labels,
                loss=loss,
                seed=seed,
                device=device,
                classes=classes,
                **settings,
            )
            with (
                untouched(subject.model, subject.device),
                _plain_torch(subject.device, onednn=not plain_kernels),
                nullcontext() if subject.tabulated else neutralised(subject.model),
            ):
                if needs:
                    subject = surveyed(subject)
                return _scored(subject, measure_needs(subject, needs), chosen)

    settings = {"channels_last": not plain_kernels}
    while True:
        try:
            return replace(run(settings), seconds=time.perf_counter() - began)
        except RestartError as error:
            changed = {**settings, **error.settings}
            if changed == settings:
                raise ProxyError("the network cannot be measured: it overwrites what is read") from error
        # Outside the handler, whose traceback keeps the failed passes and their memory alive.
        settings = changed


def _scored(subject: Subject, found: PassResults, proxies: tuple[Proxy, ...]) -> Measurement:
    """Lets every proxy read its by-products."""
    scores: dict[str, float] = {}
    failures: dict[str, str] = {}
    for proxy in proxies:
        missing = [found.failures[need] for need in sorted(proxy.needs) if need in found.failures]
        if missing:
            failures[proxy.name] = missing[0]
            continue
        randomness_from(subject.seed, subject.device)
        try:
            scores[proxy.name] = proxy(
                ByProducts(subject, found.results, proxy.name, proxy.needs, copied=not proxy.built_in)
            )
        except Exception as error:
            failures[proxy.name] = reason_of(error)
    for name, reason in broken(subject, scores, proxies).items():
        del scores[name]
        failures[name] = reason
    notes = (*found.notes, *subject.remarks, *unseen(subject, found, scores, proxies))
    return Measurement(scores, failures, notes=notes, passes=dict(subject.passes))


@contextmanager
def _plain_torch(device: torch.device, onednn: bool) -> Iterator[None]:
    """Gradients on, autocast off, full precision and deterministic kernels, regardless of the caller's settings."""
    with (
        torch.enable_grad(),
        torch.autocast(device.type, enabled=False),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
        nullcontext() if onednn else _without_onednn(),
    ):
        yield


@contextmanager
def _without_onednn() -> Iterator[None]:
    with warnings.catch_warnings():
        # Torch warns of TF32 whatever its settings are.
        warnings.filterwarnings("ignore", "TF32 acceleration", UserWarning)
        flags = torch.backends.mkldnn.flags(enabled=False)
        flags.__enter__()
    try:
        yield
    finally:
        flags.__exit__(None, None, None)
