"""The contract of a proxy."""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from rayzc.measurement import Measurement
    from rayzc.proxies import Proxy

__all__ = ["check_proxy", "small_networks", "unchanged"]


def check_proxy(proxy: "Proxy", networks: "Mapping[str, Callable[[], nn.Module]] | None" = None) -> None:
    """Checks what holds for every proxy.

    On every network it has a score that is finite, or -inf or :data:`rayzc.proxies.UNDEFINED` where its documentation
    says so; the score follows from the seed, whatever the global random states, and is the same beside other proxies;
    network, batch and random states are left as they were. With micro-batches the score is the same, or the failure
    says why not.

    Args:
        proxy: a proxy, registered or not; it must be documented.
        networks: by name, functions that make networks for images ``(images, 3, 12, 12)`` and at least four classes;
            by default :func:`small_networks`. Those with dropout need a batch norm, or each micro-batch draws anew.

    Raises:
        AssertionError: with the names of the proxy and the network, and what broke.
    """
    for name, make in (small_networks() if networks is None else networks).items():
        where = f"proxy '{proxy.name}' on network '{name}'"
        score = _check_traces(where, proxy, _made(make))
        _check_score(where, proxy, score)
        _check_seed(where, proxy, make)
        _check_company(where, proxy, make)
        _check_micro_batches(where, proxy, make)


@cache
def small_networks() -> "Mapping[str, Callable[[], nn.Module]]":
    """Functions that make small networks for images ``(images, 3, 12, 12)`` and ten classes, each with a quirk."""
    from torch import Tensor, nn

    def convolutions(*, norm: bool, inplace: bool = False) -> nn.Module:
        def block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
            layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=not norm)]
            layers += [nn.BatchNorm2d(outputs)] if norm else []
            return [*layers, nn.ReLU(inplace)]

        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)]
        return nn.Sequential(*block(3, 8, 1), *block(8, 16, 2), *block(16, 16, 1), *head)

    class Tuples(nn.Module):
        """Returns features beside logits."""

        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = (
                nn.Sequential(nn.Flatten(), nn.Linear(432, 16), nn.ReLU()),
                nn.Linear(16, 10),
            )

        def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
            features = self.body(images)
            return features, self.head(features)

    def tied() -> nn.Module:
        network = nn.Sequential(nn.Flatten(), nn.Linear(432, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU())
        last = nn.Linear(10, 10)
        last.weight = network[3].weight  # type: ignore[assignment]
        return network.append(last)

    def frozen() -> nn.Module:
        return convolutions(norm=True).requires_grad_(False)

    return {
        "batch norm": lambda: convolutions(norm=True),
        "no batch norm": lambda: convolutions(norm=False),
        "in place": lambda: convolutions(norm=True, inplace=True),
        "frozen": frozen,
        "tuples": Tuples,
        "tied": tied,
        "dropout": lambda: nn.Sequential(
            nn.BatchNorm2d(3), nn.Flatten(), nn.Dropout(0.2), nn.Linear(432, 10)
        ),
    }


@contextmanager
def unchanged(network: "nn.Module", what: str = "the code") -> Iterator[None]:
    """Checks that code leaves a network, the global random states and torch's gradient mode as they were.

    Args:
        network: the network that the code is given.
        what: names the code in the error.

    Raises:
        AssertionError: something changed.
    """
    before = _state(network)
    yield
    for part, value in _state(network).items():
        assert _equal(before[part], value), f"{what} changed this: {part}"


def _check_traces(where: str, proxy: "Proxy", network: "nn.Module") -> float:
    """Checks that a network in use is left as it was, and so is the batch; returns the score."""
    import torch

    network.eval()
    next(network.children()).train()
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    network.register_forward_hook(lambda *_: None)
    images, labels = _batch()
    with unchanged(network, where):
        measured = _measured([proxy], network, (images, labels))
    for what, given, fresh in zip(("images", "labels"), (images, labels), _batch(), strict=True):
        assert torch.equal(given, fresh), f"{where} changed the {what} of the batch"
    assert not measured.failures, f"{where} failed: {measured.failures[proxy.name]}"
    # A note that begins with the proxy's name says that the network has nothing for it, which is as it should be.
    notes = [note for note in measured.notes if not note.startswith(f"{proxy.name}: nothing to read")]
    assert not notes, f"{where} was not measured as usual: {notes}"
    return measured.scores[proxy.name]


def _check_score(where: str, proxy: "Proxy", score: float) -> None:
    from rayzc.proxies import UNDEFINED

    text = proxy.function.__doc__ or ""
    assert text.strip(), f"{where}: document what it is, in a first line that stands by itself"
    if score == -math.inf:
        assert "-inf" in text, f"{where} is -inf, and its documentation does not say when"
    else:
        assert math.isfinite(score), f"{where} is {score}: return a finite number, -inf or UNDEFINED"
    if score == UNDEFINED:
        assert "-1e8" in text or "UNDEFINED" in text, (
            f"{where} is -1e8, and its documentation does not say when"
        )


def _check_seed(where: str, proxy: "Proxy", make: "Callable[[], nn.Module]") -> None:
    import numpy as np
    import torch

    first = _measured([proxy], _made(make), seed=3).scores.get(proxy.name)
    torch.rand(1), np.random.random(), random.random()  # noqa: NPY002 - moves the global random states on
    second = _measured([proxy], _made(make), seed=3).scores.get(proxy.name)
    assert first == second, (
        f"{where} does not follow from its seed: {first} and {second}; draw from measured.seed"
    )


def _check_company(where: str, proxy: "Proxy", make: "Callable[[], nn.Module]") -> None:
    from rayzc.proxies import registered

    alone = _measured([proxy], _made(make)).scores[proxy.name]
    together = _company(make, tuple({**registered(), proxy.name: proxy}.values())).scores.get(proxy.name)
    assert together is not None, f"{where} has a score alone but fails beside other proxies"
    assert _close(alone, together), f"{where} is {alone} alone but {together} beside other proxies"


@cache
def _company(make: "Callable[[], nn.Module]", proxies: "tuple[Proxy, ...]") -> "Measurement":
    return _measured(list(proxies), _made(make))


def _check_micro_batches(where: str, proxy: "Proxy", make: "Callable[[], nn.Module]") -> None:
    import torch

    network = _made(make)
    expected = _measured([proxy], network).scores[proxy.name]

    def refuse(module: "nn.Module", inputs: "tuple[Tensor, ...]") -> None:
        if len(inputs[0]) > 3:
            raise torch.OutOfMemoryError("a test's memory is full")

    layers = [
        module for module in network.modules() if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear))
    ]
    layers[0].register_forward_pre_hook(refuse)
    measured = _measured([proxy], network)
    if proxy.name in measured.failures:
        assert measured.failures[proxy.name], f"{where} failed in micro-batches without a reason"
        return
    score = measured.scores[proxy.name]
    assert _close(score, expected), f"{where} is {expected}, but {score} in micro-batches"


def _made(make: "Callable[[], nn.Module]") -> "nn.Module":
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        return make()


def _batch() -> "tuple[Tensor, Tensor]":
    import torch

    draws = torch.Generator().manual_seed(0)
    return torch.randn(8, 3, 12, 12, generator=draws), torch.arange(8) % 4


def _measured(
    proxies: "list[Proxy]",
    network: "nn.Module",
    batch: "tuple[Tensor, Tensor] | None" = None,
    *,
    seed: int = 0,
) -> "Measurement":
    from rayzc.proxies import measure_detailed

    return measure_detailed(network, *(batch or _batch()), proxies, seed=seed, device="cpu")


def _close(left: float, right: float) -> bool:
    """Equal but for the order of float32 sums."""
    return left == right or math.isclose(left, right, rel_tol=1e-3, abs_tol=1e-5)


def _state(network: "nn.Module") -> dict[str, Any]:
    """All that a measurement must not change, in a form that compares."""
    import numpy as np
    import torch

    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    tensors = (*network.parameters(), *network.buffers())
    numpy_state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return {
        "weights and buffers": {name: tensor.clone() for name, tensor in network.state_dict().items()},
        "identities of tensors": [id(tensor) for tensor in tensors],
        "versions of tensors": [tensor._version for tensor in tensors],
        "gradients": [None if p.grad is None else p.grad.clone() for p in network.parameters()],
        "requires_grad flags": [parameter.requires_grad for parameter in network.parameters()],
        "train and eval modes": [module.training for module in network.modules()],
        "hooks": [[dict(vars(module)[kind]) for kind in hooks] for module in network.modules()],
        "attributes": [{key: id(value) for key, value in vars(m).items()} for m in network.modules()],
        "random state of torch": torch.get_rng_state(),
        "random state of numpy": [str(part) for part in numpy_state.values()],
        "random state of Python": random.getstate(),
        "gradient mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
    }


def _equal(left: Any, right: Any) -> bool:
    import torch

    if isinstance(left, torch.Tensor):
        return torch.equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)
