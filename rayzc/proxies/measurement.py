"""Measuring a network: the proxies asked for, by the fewest passes that give them."""

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rayzc.passes import Outcome, Subject, measure_needs, subject_of
from rayzc.passes.failures import reason_of
from rayzc.passes.replica import LayoutRefusedError
from rayzc.passes.state import randomness_from, untouched
from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import Proxy, find

__all__ = ["Measurement", "MeasurementWarning", "measure", "measure_detailed"]

Loss = Callable[[Tensor, Tensor], Tensor]


class MeasurementWarning(UserWarning):
    """A proxy could not be measured, or was measured in another way than asked."""


@dataclass(frozen=True)
class Measurement:
    """What was measured on one network.

    Attributes:
        scores: the proxies that could be measured, in the order asked for.
        failures: the reason why, for those that could not.
        passes: how often which kind of pass was run.
        seconds: how long all of it took.
        notes: what a reader of the scores should know, such as micro-batches.
    """

    scores: Mapping[str, float]
    failures: Mapping[str, str]
    passes: Mapping[str, int]
    seconds: float
    notes: tuple[str, ...] = ()


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
        model: any network that gives logits ``(images, classes)``, or a tuple that holds them.
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
        ProxyError: a proxy is not known, or network, images or labels are not fit for a measurement.
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
    """As :func:`measure`, with failures and the passes that were run in the result.

    With `plain_kernels` the CPU computes without oneDNN and in channels-first: more slowly, in another order of sums,
    and where a fast kernel ends the process.
    """
    began = time.perf_counter()
    wanted = find(proxies)
    needs = frozenset[str]().union(*(proxy.needs for proxy in wanted))

    def run(channels_last: bool) -> tuple[Subject, Outcome]:
        with torch.inference_mode(False):
            subject = subject_of(
                model,
                images,
                labels,
                loss=loss,
                seed=seed,
                device=device,
                classes=classes,
                channels_last=channels_last,
            )
            with untouched(model, subject.device), _plain_torch(subject.device, onednn=not plain_kernels):
                return subject, _score(subject, measure_needs(subject, needs), wanted)

    try:
        subject, outcome = run(channels_last=not plain_kernels)
    except LayoutRefusedError:
        subject, outcome = run(channels_last=False)
    return Measurement(
        scores={proxy.name: outcome.results[proxy.name] for proxy in wanted if proxy.name in outcome.results},
        failures=outcome.failures,
        passes=dict(subject.passes),
        seconds=time.perf_counter() - began,
        notes=tuple(outcome.notes),
    )


def _score(subject: Subject, measured: Outcome, proxies: tuple[Proxy, ...]) -> Outcome:
    """Lets every proxy read its by-products; results and failures are by proxy then."""
    scored = Outcome(notes=measured.notes)
    results = {**measured.results, "weights": tuple(_weights(subject))}
    for proxy in proxies:
        missing = [measured.failures[need] for need in sorted(proxy.needs) if need in measured.failures]
        if missing:
            scored.failures[proxy.name] = missing[0]
            continue
        randomness_from(subject.seed, subject.device)
        try:
            scored.results[proxy.name] = proxy(ByProducts(subject, results, proxy))
        except Exception as error:
            scored.failures[proxy.name] = reason_of(error)
    return scored


def _weights(subject: Subject) -> list[Tensor]:
    parameters = dict(subject.model.named_parameters())
    return [parameters[layer.weight].detach().to(subject.device, torch.float32) for layer in subject.layers]


@contextmanager
def _plain_torch(device: torch.device, onednn: bool) -> Iterator[None]:
    """Gradients on, autocast off, full precision and deterministic kernels, whatever the caller has set."""
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
        warnings.filterwarnings(
            "ignore", "TF32 acceleration", UserWarning
        )  # whatever is set, torch warns of it
        flags = torch.backends.mkldnn.flags(enabled=False)
        flags.__enter__()
    try:
        yield
    finally:
        flags.__exit__(None, None, None)
