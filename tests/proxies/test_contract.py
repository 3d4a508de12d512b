"""What holds for every registered proxy, on every odd network."""

import math
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rayzc.proxies import UNDEFINED, MeasurementWarning, measure, measure_detailed, registered
from tests.proxies.nets import ODD, Chain

PROXIES = tuple(registered())
SUITE = (
    "epe_nas",
    "fisher",
    "flops",
    "grad_norm",
    "grasp",
    "jacov",
    "l2_norm",
    "nwot",
    "params",
    "plain",
    "snip",
    "synflow",
    "zen",
)
BEYOND = ("zico", "meco", "swap", "synflow_bn", "expressivity", "progressivity", "trainability")


def batch(size: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(size, 3, 12, 12, generator=draws), torch.arange(size) % 4


def built(name: str) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return ODD[name]()


def same(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


def state(model: nn.Module) -> dict[str, Any]:
    """All that a measurement must not change, in a form that compares."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return {
        "tensors": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "identities": [id(tensor) for tensor in (*model.parameters(), *model.buffers())],
        "versions": [tensor._version for tensor in (*model.parameters(), *model.buffers())],
        "gradients": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "flags": [parameter.requires_grad for parameter in model.parameters()],
        "modes": [module.training for module in model.modules()],
        "hooks": [[dict(vars(module)[kind]) for kind in hooks] for module in model.modules()],
        "attributes": [{key: id(value) for key, value in vars(m).items()} for m in model.modules()],
        "torch": torch.get_rng_state(),
        "numpy": [str(part) for part in np.random.get_state(legacy=False)["state"].values()],  # noqa: NPY002
        "python": random.getstate(),
        "grad mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
    }


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, Tensor):
        return torch.equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    before = state(model)
    yield
    after = state(model)
    for what in before:
        assert equal(before[what], after[what]), f"{what} changed"


def used(model: nn.Module) -> nn.Module:
    """A network that is in use: in evaluation mode, with gradients and a hook of its own."""
    model.eval()
    next(model.children()).train()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    model.register_forward_hook(lambda *_: None)
    return model


def test_all_proxies_are_there() -> None:
    assert {*SUITE, *BEYOND} <= set(PROXIES)


@pytest.mark.parametrize("name", PROXIES)
def test_documented_with_its_paper(name: str) -> None:
    text = registered()[name].function.__doc__ or ""
    assert registered()[name].summary
    assert any(year in text for year in map(str, range(1988, 2026))), "names no paper"


@pytest.mark.parametrize("network", ODD)
@pytest.mark.parametrize("name", PROXIES)
def test_leaves_no_trace_and_is_finite_or_a_sentinel(name: str, network: str) -> None:
    model = used(built(network))
    with unchanged(model), warnings.catch_warnings():
        warnings.simplefilter("error", MeasurementWarning)
        score = measure(model, *batch(), [name])[name]
    documented = (registered()[name].function.__doc__ or "").replace("\n", " ")
    assert math.isfinite(score) or (score == -math.inf and "-inf" in documented)
    assert score != UNDEFINED


@pytest.mark.parametrize("network", ODD)
def test_the_same_seed_gives_the_same_scores(network: str) -> None:
    first = measure(built(network), *batch(), seed=3)
    torch.manual_seed(99)
    random.seed(99)
    second = measure(built(network), *batch(), seed=3)
    assert all(same(first[name], second[name]) for name in PROXIES)


@pytest.mark.parametrize("network", ODD)
def test_alone_or_in_company_a_proxy_is_the_same(network: str) -> None:
    together = measure(built(network), *batch())
    for name in PROXIES:
        alone = measure(built(network), *batch(), [name])[name]
        assert alone == pytest.approx(together[name], rel=1e-3, abs=1e-5), name


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_mode_of_the_network_does_not_matter(mode: str) -> None:
    model = built("chain")
    expected = measure(model, *batch())
    model.train(mode == "train")
    assert measure(model, *batch()) == expected


@pytest.mark.parametrize("network", ODD)
def test_batch_of_one(network: str) -> None:
    scores = measure(built(network), *batch(1))
    for name, score in scores.items():
        documented = registered()[name].function.__doc__ or ""
        assert math.isfinite(score) or (score == -math.inf and "-inf" in documented), name
    assert scores["zico"] == UNDEFINED


def test_frozen_layers_count_like_others() -> None:
    free = built("frozen")
    for parameter in free.parameters():
        parameter.requires_grad_(True)
    assert measure(built("frozen"), *batch()) == measure(free, *batch())


def test_tuples_give_their_logits() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        plain = Chain()
    names = [name for name in PROXIES if name != "meco"]  # which looks at the network's own output too
    assert measure(built("tuples"), *batch(), names) == measure(plain, *batch(), names)


def test_disconnected_networks_give_the_sentinels_of_the_suite() -> None:
    class Disconnected(Chain):
        def forward_features(self, images: Tensor) -> Tensor:
            return super().forward_features(images * 0.0)

    scores = measure(Disconnected(), *batch(), SUITE)
    assert {scores[name] for name in ("zen", "jacov", "epe_nas")} == {UNDEFINED}
    assert scores["nwot"] == -math.inf
    assert scores["synflow"] == 0.0


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize("network", ["chain", "remembering", "no batch norm"])
def test_leaves_no_trace_when_it_fails(name: str, network: str) -> None:
    model = used(built(network))

    def fail(module: nn.Module, inputs: Any, output: Any) -> None:
        raise ValueError("broken on purpose")

    last = list(model.modules())[-1]
    last.register_forward_hook(fail)
    with unchanged(model):
        found = measure_detailed(model, *batch(), [name])
    needs = registered()[name].needs - {"weights"}
    assert (name in found.failures) == bool(needs)
    assert all("broken on purpose" in reason for reason in found.failures.values())


def test_leaves_no_trace_when_it_is_interrupted() -> None:
    model = used(built("remembering"))

    def interrupt(module: nn.Module, inputs: Any, output: Any) -> None:
        raise KeyboardInterrupt

    list(model.modules())[-1].register_forward_hook(interrupt)
    with unchanged(model), pytest.raises(KeyboardInterrupt):
        measure(model, *batch())


def no_grad(run: Callable[[], Any]) -> Any:
    with torch.no_grad():
        return run()


def inference(run: Callable[[], Any]) -> Any:
    with torch.inference_mode():
        return run()


def autocast(run: Callable[[], Any]) -> Any:
    with torch.autocast("cpu"):
        return run()


@pytest.mark.parametrize("inside", [no_grad, inference, autocast])
def test_the_callers_mode_does_not_matter(inside: Callable[[Callable[[], Any]], Any]) -> None:
    expected = measure(built("chain"), *batch())
    assert inside(lambda: measure(built("chain"), *batch())) == expected
