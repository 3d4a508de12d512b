import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import rayzc
from rayzc.errors import FormulaError, ProxyError
from rayzc.formula import Formula
from rayzc.proxies import MeasurementWarning, Proxy, measure_detailed, proxy, unregister

README = Path(__file__).parent.parent.parent / "README.md"


@pytest.fixture
def network() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 5)
        )


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(1)
    return torch.randn((8, 3, 8, 8), generator=draws), torch.randint(5, (8,), generator=draws)


@pytest.fixture
def seed_proxy() -> Iterator[Proxy]:
    yield proxy(needs="weights", name="drawn")(lambda measured: torch.rand(()))
    unregister("drawn")


@pytest.fixture
def broken_proxy() -> Iterator[Proxy]:
    def broken(measured: object) -> float:
        raise ValueError("no such luck")

    yield proxy(needs="weights")(broken)
    unregister("broken")


def score(text: str, network: nn.Module, batch: tuple[Tensor, ...], **how: Any) -> float:
    return Formula.parse(text).score(network, *batch, **how)


def test_the_score_is_the_formula_of_what_is_measured(
    network: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    found = rayzc.measure(network, *batch, ["jacov", "flops", "grad_norm"])
    expected = found["jacov"] + math.log(found["flops"]) / found["grad_norm"]
    got = score("jacov + log(flops) / grad_norm", network, batch)
    assert type(got) is float
    assert got == pytest.approx(expected, rel=1e-14)
    assert score("grad_norm", network, batch) == found["grad_norm"]


def test_the_example_of_the_documentation() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 10))
    assert score("1000 * params", model, (torch.zeros(8, 3, 4, 4),)) == 0.49


def test_only_the_formulas_proxies_are_measured(
    network: nn.Module, batch: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def spy(model: nn.Module, images: Tensor, labels: Tensor, proxies: tuple[str, ...], **how: Any) -> Any:
        asked.append(proxies)
        return measure_detailed(model, images, labels, proxies, **how)

    monkeypatch.setattr("rayzc.proxies.measure_detailed", spy)
    score("params - nwot * params", network, batch)
    assert asked == [("nwot", "params")]


def test_the_seed_passes_through(network: nn.Module, batch: tuple[Tensor, Tensor], seed_proxy: Proxy) -> None:
    first, again, other = (score("drawn", network, batch, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first == rayzc.measure(network, *batch, [seed_proxy], seed=1)["drawn"]


def test_the_device_passes_through(network: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    assert score("nwot", network, batch, device="cpu") == score("nwot", network, batch)
    with pytest.raises(ProxyError, match="nowhere"):
        score("nwot", network, batch, device="nowhere")


def test_the_classes_pass_through(network: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.last = network, nn.Linear(1, 3)

        def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
            return torch.zeros(len(images), 4), self.inner(images)

    expected = rayzc.measure(network, *batch, ["grad_norm"])["grad_norm"]
    assert score("grad_norm", Two(), batch, classes=5) == pytest.approx(expected, rel=1e-6)


def test_the_network_is_left_as_it_was(network: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    network.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    score("synflow + grad_norm", network, batch)
    assert not network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("text", ["log(0 - params)", "params / 0", "neg(inv(params - params))"])
def test_what_is_not_finite_ranks_last(text: str, network: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    assert score(text, network, batch) == -math.inf


def test_labels_are_needed_only_for_a_loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    assert score("nwot", network, batch[:1]) == score("nwot", network, batch)
    message = (
        r"^the formula grad_norm \+ nwot cannot score the network: its proxies could not all be measured "
        r"\('grad_norm': no labels were given, and the loss needs them\); remove the cause, or use a formula without "
        r"these proxies$"
    )
    with pytest.raises(ProxyError, match=message):
        score("grad_norm + nwot", network, batch[:1])


@pytest.mark.usefixtures("broken_proxy")
def test_a_proxy_that_fails_is_named_with_its_reason(
    network: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    with pytest.raises(
        ProxyError, match=r"measured \('broken': ValueError: no such luck\); remove the cause"
    ):
        score("broken + params", network, batch)


def test_a_proxy_that_is_not_there(network: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(ProxyError, match=r"^there is no proxy 'synflw'; did you mean 'synflow'\?$"):
        score("log(synflw)", network, batch)


def test_a_formula_without_proxies(network: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    message = r"^the formula 2 has no proxy in it: it gives every network the same score$"
    with pytest.raises(FormulaError, match=message):
        score("2", network, batch)


def test_notes_are_warnings_at_the_callers_line(
    network: nn.Module, batch: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def noting(*arguments: Any, **how: Any) -> Any:
        measured = measure_detailed(*arguments, **how)
        object.__setattr__(measured, "notes", ("two micro-batches",))
        return measured

    monkeypatch.setattr("rayzc.proxies.measure_detailed", noting)
    with pytest.warns(MeasurementWarning, match="two micro-batches") as caught:
        Formula.parse("params").score(network, *batch)
    assert caught[0].filename == __file__


def test_the_three_lines_of_the_readme(network: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    section = README.read_text().partition("## Score your own networks\n")[2].partition("\n## ")[0]
    snippet = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert snippet is not None
    assert len([line for line in snippet[1].splitlines() if line]) == 3
    images, labels = batch
    names = {"networks": {"mine": network}, "images": images, "labels": labels}
    exec(snippet[1], names)
    found = rayzc.measure(network, images, labels, ["jacov", "flops"])
    expected = found["jacov"] + math.log(found["flops"])
    assert names["scores"] == {"mine": pytest.approx(expected, rel=1e-14)}
