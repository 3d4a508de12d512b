"""The definitions without a reference score, and those written for the fast, against plain ones."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rayzc.proxies import UNDEFINED, measure, measure_detailed
from rayzc.spaces import build
from tests.performance.one_by_one import SUITE, one_by_one
from tests.proxies.nets import FIXED, Chain, Headed, Shortcuts, fixed, normed
from tests.proxies.test_contract import batch


@pytest.mark.parametrize("name", FIXED)
def test_the_peer_of_the_benchmark_measures_the_same(name: str) -> None:
    network, images, labels = fixed(name)
    random = {"zen", "flops"}
    names = [proxy for proxy in SUITE if proxy not in random]
    assert measure(network, images, labels, names) == pytest.approx(
        one_by_one(network, images, labels, names), rel=1e-3
    )


def outputs_of(model: nn.Module, images: Tensor) -> list[Tensor]:
    """The outputs of all modules, in train mode, in order of completion."""
    found: list[Tensor] = []
    handles = [m.register_forward_hook(lambda _, __, output: found.append(output)) for m in model.modules()]
    model.train()(images)
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize("name", FIXED)
def test_meco(name: str) -> None:
    network, images, _ = fixed(name)
    score = measure(network, images, None, ["meco"])["meco"]
    expected = 0.0
    for output in outputs_of(network, images):
        rows = output[0].detach().flatten(1) if output.dim() > 2 else output[0].detach()[:, None]
        if rows.shape[1] > 1:  # a vector has no correlations
            with np.errstate(invalid="ignore", divide="ignore"):
                correlations = np.nan_to_num(np.corrcoef(rows.numpy()), nan=0.0, posinf=0.0, neginf=0.0)
            expected += np.linalg.eigvals(correlations).real.min()
    assert score == pytest.approx(expected, rel=1e-3, abs=1e-4)


def entropy(features: Tensor) -> float:
    points = features.detach().double().movedim(1, 3).flatten(0, 2)
    values = torch.linalg.eigvalsh(torch.cov(points.T, correction=0)).clamp(min=0)
    share = values / values.sum()
    return float(-(share * (share + 1e-8).log()).sum())


def test_expressivity_and_progressivity() -> None:
    network, images, labels = fixed("residual")
    blocks = [network.layers[index] for index in range(6)]  # type: ignore[index]
    features: dict[nn.Module, Tensor] = {}
    handles = [m.register_forward_hook(lambda m, _, output: features.update({m: output})) for m in blocks]
    network(images)
    for handle in handles:
        handle.remove()
    entropies = [entropy(output) for output in features.values()]
    scores = measure(network, images, labels, ["expressivity", "progressivity"])
    assert scores["expressivity"] == pytest.approx(sum(entropies), rel=1e-4)
    assert scores["progressivity"] == pytest.approx(np.diff(entropies).min(), rel=1e-3)


class TwoBlocks(Headed):
    """A stem, and one block that multiplies by a matrix of known singular values at every position."""

    def __init__(self, gain: float) -> None:
        super().__init__(4, 4)
        self.stem = normed(3, 4)
        self.block = nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), nn.Identity())
        with torch.no_grad():
            self.block[0].weight.copy_(gain * torch.eye(4)[:, :, None, None])

    def forward_features(self, images: Tensor) -> Tensor:
        return self.block(self.stem(images))


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_trainability_of_a_known_gain(gain: float) -> None:
    images, labels = torch.randn(32, 3, 24, 24), torch.arange(32) % 4
    score = measure(TwoBlocks(gain), images, labels, ["trainability"])["trainability"]
    assert score == pytest.approx(2 - gain - 1 / gain, abs=0.05)


def test_trainability_of_a_block_that_does_nothing() -> None:
    assert measure(TwoBlocks(1.0), *batch(), ["trainability"])["trainability"] == -math.inf


def test_trainability_across_a_stride_that_does_not_divide() -> None:
    images, labels = torch.randn(4, 3, 13, 13), torch.arange(4)
    assert math.isfinite(measure(Shortcuts(), images, labels, ["trainability"])["trainability"])


def test_epe_nas_beyond_a_hundred_classes() -> None:
    images, _ = batch(9)
    labels = torch.tensor([0, 0, 0, 101, 101, 7, 7, 7, 50])
    model = Chain()
    model.head = nn.Linear(16, 120)
    shown = images.clone().requires_grad_()
    model.train()(shown).sum().backward()
    jacobian = shown.grad
    assert jacobian is not None
    sums = []
    for label in (0, 101, 7):  # the class of one image is left out
        correlations = np.corrcoef(jacobian.flatten(1).numpy()[labels.numpy() == label])
        sums.append(np.log(np.abs(correlations) + 1e-5).sum() / len(correlations))
    expected = sum(abs(a - b) for a in sums for b in sums) / 3
    assert measure(model, images, labels, ["epe_nas"])["epe_nas"] == pytest.approx(expected, rel=1e-3)


def test_epe_nas_beyond_a_hundred_classes_with_one_image_each() -> None:
    model = Chain()
    model.head = nn.Linear(16, 120)
    assert measure(model, batch(5)[0], torch.arange(5), ["epe_nas"])["epe_nas"] == UNDEFINED


def test_zen_of_a_network_without_forward_features() -> None:
    """The last feature map with positions is that of the body, so the answer is the same."""

    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(*normed(3, 8), nn.ReLU(), *normed(8, 8), nn.ReLU())
            self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(8, 4)

        def forward(self, images: Tensor) -> Tensor:
            return self.head(self.pool(self.body(images)).flatten(1))

    class Shown(Hidden):
        def forward_features(self, images: Tensor) -> Tensor:
            return self.body(images)

    assert measure(Hidden(), *batch(), ["zen"]) == measure(Shown(), *batch(), ["zen"])


def test_zen_does_not_depend_on_what_the_network_has_seen() -> None:
    model = Chain()
    before = measure(model, *batch(), ["zen"])
    model.train()(batch()[0] * 7)
    assert measure(model, *batch(), ["zen"]) == before


# Facts from the suite's tables for nasbench201/cifar10: millions of operations and of parameters.
RECORDED = {
    "(4, 1, 0, 4, 1, 0)": (10.524352, 0.073306),
    "(3, 3, 2, 4, 1, 1)": (53.778112, 0.372346),
    "(2, 2, 2, 2, 2, 2)": (222.860992, 1.531546),
}


@pytest.mark.parametrize("encoding", RECORDED)
def test_flops_and_params_as_the_suite_recorded_them(encoding: str) -> None:
    network = build("nasbench201", encoding, classes=10)
    images, labels = torch.randn(2, 3, 32, 32), torch.arange(2)
    flops, params = RECORDED[encoding]
    assert measure(network, images, labels, ["flops", "params"]) == {"flops": flops, "params": params}
    together = measure_detailed(network, images, labels, ["flops", "nwot"])
    assert together.scores["flops"] == flops
