"""What holds for every registered proxy, on every odd network."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rayzc.proxies import UNDEFINED, MeasurementWarning, measure, measure_detailed, registered
from rayzc.proxies.structure import __all__ as STRUCTURAL
from rayzc.testing import check_proxy, unchanged
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
BEYOND = (
    "near",
    "vkdnw",
    "zico",
    "meco",
    "swap",
    "synflow_bn",
    "expressivity",
    "progressivity",
    "trainability",
)


def batch(size: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(size, 3, 12, 12, generator=draws), torch.arange(size) % 4


def built(name: str) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return ODD[name]()


def used(model: nn.Module) -> nn.Module:
    """A network that is in use: in evaluation mode, with gradients and a hook of its own."""
    model.eval()
    next(model.children()).train()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    model.register_forward_hook(lambda *_: None)
    return model


def test_all_proxies_are_there() -> None:
    assert {*SUITE, *BEYOND, *STRUCTURAL} <= set(PROXIES)


@pytest.mark.parametrize("name", PROXIES)
def test_documented_with_its_paper(name: str) -> None:
    text = registered()[name].function.__doc__ or ""
    assert registered()[name].summary
    assert any(year in text for year in map(str, range(1988, 2026))), "names no paper"


@pytest.mark.parametrize("name", PROXIES)
def test_contract(name: str) -> None:
    check_proxy(registered()[name])
    check_proxy(registered()[name], ODD)


@pytest.mark.parametrize("network", ODD)
def test_no_proxy_is_undefined_where_signals_flow(network: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", MeasurementWarning)
        warnings.filterwarnings("ignore", ".*: nothing to read", MeasurementWarning)
        scores = measure(built(network), *batch())
    assert list(scores) == list(PROXIES)
    assert UNDEFINED not in scores.values()


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
    assert (name in found.failures) == registered()[name].runs_network
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
