"""Every proxy on every network of the zoo: against plain definitions, alone and together, and in other forms."""

import math
from copy import deepcopy
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from rayzc.errors import ProxyError
from rayzc.measurement import Measurement
from rayzc.proxies import UNDEFINED, measure_detailed, registered
from tests.proxies.zoo import (
    AWKWARD,
    SAME,
    ZOO,
    InPlace,
    TorchAttention,
    ViT,
    batch,
    made,
    same_weights,
    tapped,
)

PROXIES = tuple(registered())
NOTHING = {
    "no activation": {"nwot": -math.inf, "swap": 0.0},
    "perceptron": {
        "meco": 0.0,
        "expressivity": -math.inf,
        "progressivity": -math.inf,
        "trainability": -math.inf,
    },
}
"""By network, the proxies that have nothing to read, and their sentinels."""


@cache
def together(name: str) -> Measurement:
    return measure_detailed(made(ZOO[name]), *batch())


def weights_of(model: nn.Module) -> list[Tensor]:
    """The weights that the definitions sum over: matrices and kernels, but for places, tokens and scales."""
    others = ("token", "places", "scale")
    return [p for name, p in model.named_parameters() if p.dim() > 1 and name not in others]


class TwiceHardsigmoid(nn.Module):
    def forward(self, entering: Tensor) -> Tensor:
        return nn.functional.relu6(entering + 3) / 6


def loss_of(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.cross_entropy(model(images), labels)


@pytest.mark.parametrize("name", ZOO)
def test_every_proxy_has_a_number(name: str) -> None:
    found = together(name)
    assert not found.failures
    assert set(found.scores) == set(PROXIES)
    for proxy, score in found.scores.items():
        documented = registered()[proxy].function.__doc__ or ""
        assert math.isfinite(score) or (score == -math.inf and "-inf" in documented), proxy


@pytest.mark.parametrize("name", [*ZOO, *AWKWARD])
def test_each_proxy_alone_equals_all_together(name: str) -> None:
    make = {**ZOO, **AWKWARD}[name]
    images, labels = batch()
    expected = measure_detailed(made(make), images, labels).scores
    assert torch.equal(images, batch()[0])
    alone = {proxy: measure_detailed(made(make), *batch(), [proxy]).scores[proxy] for proxy in PROXIES}
    for proxy, score in alone.items():
        assert score == pytest.approx(expected[proxy], rel=1e-4, abs=1e-7), proxy


@pytest.mark.parametrize("name", ZOO)
def test_gradients_by_their_plain_definitions(name: str) -> None:
    model = made(ZOO[name]).train()
    if name == "mobile":
        model.squeeze[5] = TwiceHardsigmoid()  # torch's own cannot be differentiated twice
    images, labels = batch()
    weights = weights_of(model)
    with sdpa_kernel(SDPBackend.MATH), torch.backends.mkldnn.flags(enabled=name not in {"lstm", "gru"}):
        gradients = torch.autograd.grad(loss_of(model, images, labels), weights, create_graph=True)
        product = sum((g.detach() * g).sum() for g in gradients)
        curvatures = torch.autograd.grad(product, weights, allow_unused=True)
        exact = deepcopy(model).double()
        halves = [
            torch.autograd.grad(loss_of(exact, images[half].double(), labels[half]), weights_of(exact))
            for half in (slice(0, 4), slice(4, 8))
        ]
    zico = 0.0
    for pair in zip(*halves, strict=True):
        stacked = np.stack([half.numpy() for half in pair])
        deviation = stacked.std(0)
        steady = np.abs(stacked).mean(0)[deviation > 0] / deviation[deviation > 0]
        zico += np.log(steady.sum()) if steady.sum() > 0 else 0.0
    expected = {
        "grad_norm": sum(float(g.detach().norm()) for g in gradients),
        "snip": sum(float((w * g).detach().abs().sum()) for w, g in zip(weights, gradients, strict=True)),
        "plain": sum(float((w * g).detach().sum()) for w, g in zip(weights, gradients, strict=True)),
        "l2_norm": sum(float(w.norm()) for w in weights),
        "grasp": -sum(
            float((w * c).sum()) for w, c in zip(weights, curvatures, strict=True) if c is not None
        ),
        "zico": zico,
        "params": sum(p.numel() for p in model.parameters()) / 1e6,
    }
    scores = {proxy: together(name).scores[proxy] for proxy in expected}
    assert scores == pytest.approx(expected, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    "name", sorted({*ZOO} - {"vit of torch", "sequence first", "mixer", "lstm", "gru", "no activation"})
)
def test_codes_by_their_plain_definitions(name: str) -> None:
    with tapped() as entering:
        made(ZOO[name]).train()(batch()[0])
    on = np.concatenate([(units > 0).flatten(1).numpy() for units in entering], 1)
    kernel = (on[:, None] == on[None]).sum(2).astype(float)
    assert together(name).scores["nwot"] == pytest.approx(np.linalg.slogdet(kernel)[1], abs=1e-6)
    assert together(name).scores["swap"] == len({tuple(column) for column in on.T})


# Without an activation, Jacobians are alike, and the least eigenvalues of their correlations are noise.
@pytest.mark.parametrize("name", sorted({*ZOO} - {"no activation"}))
def test_jacobians_by_their_plain_definition(name: str) -> None:
    model = made(ZOO[name]).train()
    images = batch()[0].requires_grad_()
    model(images).sum().backward()
    assert images.grad is not None
    correlations = np.corrcoef(images.grad.flatten(1).numpy())
    values = np.linalg.eigvalsh(correlations) + 1e-5
    expected = -(np.log(values) + 1 / values).sum()
    assert together(name).scores["jacov"] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("name", sorted({*ZOO} - {"lstm", "gru"}))
def test_synflow_by_its_plain_definition(name: str) -> None:
    model = made(ZOO[name]).double().train()
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.data = tensor.data.abs()
    for parent in [*model.modules()]:
        for key, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                parent._modules[key] = nn.Identity()
    weights = weights_of(model)
    gradients = torch.autograd.grad(
        model(torch.ones(1, 3, 16, 16).double()).sum(), weights, allow_unused=True
    )
    flow = sum(float((w * g).abs().sum()) for w, g in zip(weights, gradients, strict=True) if g is not None)
    assert together(name).scores["synflow"] == pytest.approx(math.log(flow), rel=1e-4)


# Multiply-adds per image, by hand.
MACS = {
    "relu": 27 * 8 * 256 + 72 * 12 * 256 + 120,
    "perceptron": 768 * 24 + 240,
    "vit": 48 * 16 * 16 + 2 * (17 * 16 * (64 + 64) + 2 * 17 * 17 * 16) + 160,
    "vit of torch": 48 * 16 * 16 + 2 * (17 * 16 * (64 + 64) + 2 * 17 * 17 * 16) + 160,
    "lstm": 16 * 48 * (48 + 12) + 120,
    "gru": 16 * 36 * (48 + 12) + 120,
    "own kernel": 27 * 8 * 256 + 80,
    "volumes": 27 * 4 * 768 + 36 * 6 * 256 + 6 * 5 * 4 * 256 + 50,
    "shared": 27 * 8 * 256 + 2 * 72 * 8 * 256 + 80,
}


@pytest.mark.parametrize("name", MACS)
def test_multiply_adds_by_hand(name: str) -> None:
    assert together(name).scores["macs"] == pytest.approx(MACS[name] / 1e6, rel=1e-9)
    assert together(name).scores["flops"] >= together(name).scores["macs"]


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_read_is_said(name: str) -> None:
    found = together(name)
    for proxy, sentinel in NOTHING[name].items():
        assert found.scores[proxy] == sentinel
        assert any(proxy in note.partition(":")[0] and "nothing to read" in note for note in found.notes)


def test_recurrent_layers_are_hidden_from_fisher() -> None:
    (note,) = together("lstm").notes[-1:]
    assert note.startswith("fisher: cannot see 92.7%")


def scores_of(model: nn.Module) -> dict[str, float]:
    found = measure_detailed(model, *batch())
    assert not found.failures
    return dict(found.scores)


@pytest.mark.parametrize("name", SAME)
def test_the_form_of_a_network_does_not_matter(name: str) -> None:
    model = made(SAME[name])
    expected = dict(together("relu").scores)
    if name == "in place by functions":
        expected = scores_of(made(lambda: InPlace(inplace=False)))
    if "weight norm" in name:
        # One by a hook leaves a computed weight behind. In evaluation mode, as vkdnw reads the statistics of norms.
        model.eval()(batch()[0])
        model.train()
    scores = scores_of(model)
    # A module that hands on its last map counts again for meco.
    for proxy in set(expected) - ({"meco"} if name in {"dictionary", "tuple", "dataclass"} else set()):
        assert scores[proxy] == pytest.approx(expected[proxy], rel=1e-4, abs=1e-6), proxy


def test_attention_of_torch_and_of_linear_layers() -> None:
    source = made(ViT)
    other = same_weights(made(lambda: ViT(TorchAttention)), source)
    assert torch.allclose(source(batch()[0]), other(batch()[0]), atol=1e-5)
    expected, found = scores_of(source), scores_of(other)
    # These read what modules put out, or an entry of each weight: torch's attention packs its projections into one.
    for proxy in set(expected) - {"meco", "near", "vkdnw"}:
        assert found[proxy] == pytest.approx(expected[proxy], rel=1e-3, abs=1e-6), proxy


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", ["relu", "vit", "sequence first", "lstm", "elu, no norm"])
def test_small_batches(name: str, size: int) -> None:
    found = measure_detailed(made(ZOO[name]), *batch(size))
    for proxy, reason in found.failures.items():
        assert "batch norm has one value per channel" in reason, proxy
    assert found.scores["zico"] == UNDEFINED if size == 1 else "zico" in {**found.scores, **found.failures}
    assert found.scores["flops"] == together(name).scores["flops"]


def test_numbers_beside_a_column_are_no_matrix_of_pairs() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(768, 1))
    images, numbers = batch()[0], torch.linspace(-1, 1, 8)
    weight = model[1].weight
    (gradient,) = torch.autograd.grad(nn.functional.mse_loss(model(images)[:, 0], numbers), weight)
    found = measure_detailed(model, images, numbers, ["snip"], loss=nn.functional.mse_loss)
    assert found.scores["snip"] == pytest.approx(float((weight * gradient).detach().abs().sum()), rel=1e-4)


def test_weights_that_are_not_finite_are_named() -> None:
    model = made(ZOO["relu"])
    model[-1].weight.data[0, 0] = math.nan  # type: ignore[union-attr,operator]
    found = measure_detailed(model, *batch(), ["zico", "jacov", "snip", "nwot"])
    assert set(found.scores) == {"nwot"}
    assert set(found.failures.values()) == {"the network has weights that are not finite: 10.weight"}


def test_torchscript_is_refused_and_compiled_networks_are_not_compiled() -> None:
    model = made(lambda: nn.Sequential(nn.Flatten(), nn.Linear(768, 10)))
    with pytest.raises(ProxyError, match=r"as it was before torch\.jit\.script"):
        measure_detailed(torch.jit.script(model), *batch(), ["snip"])
    names = ["snip", "flops", "jacov"]
    compiled = measure_detailed(torch.compile(model), *batch(), names).scores
    assert compiled == measure_detailed(model, *batch(), names).scores
