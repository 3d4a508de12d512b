"""VKDNW and NEAR against their definitions, written out with torch."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from rayzc.passes.ranks import effective_rank
from rayzc.proxies import UNDEFINED, measure, measure_detailed
from rayzc.spaces import build
from tests.proxies.nets import Chain, Headed, Paths, Shortcuts, Unnormed, conv, normed
from tests.proxies.test_contract import batch


def first_entries(model: nn.Module) -> dict[str, Tensor]:
    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)
    return {
        f"{name}.{kind}": parameter
        for name, module in model.named_modules()
        if isinstance(module, kinds)
        for kind, parameter in module.named_parameters(recurse=False)
    }


def fisher_by_definition(model: nn.Module, images: Tensor) -> Tensor:
    """E[J' (diag(p) - p p') J], one image after the other, by torch's own Jacobian."""
    model.eval()
    every = {name: parameter.detach().double() for name, parameter in model.named_parameters()}
    buffers = {
        name: buffer.double() if buffer.is_floating_point() else buffer
        for name, buffer in model.named_buffers()
    }
    chosen = first_entries(model)

    def logits(entries: Tensor, image: Tensor) -> Tensor:
        changed = dict(every)
        for entry, name in zip(entries, chosen, strict=True):
            flat = changed[name].flatten()
            changed[name] = torch.cat([entry[None], flat[1:]]).view_as(changed[name])
        return functional_call(model, {**changed, **buffers}, (image[None],))[0]

    at = torch.stack([every[name].flatten()[0] for name in chosen])
    total = torch.zeros(len(at), len(at), dtype=torch.float64)
    for image in images.double():
        jacobian = jacrev(logits)(at, image)
        chances = logits(at, image).softmax(0)
        total += jacobian.T @ (torch.diag(chances) - torch.outer(chances, chances)) @ jacobian
    return total / len(images)


def entropy_of_deciles(information: Tensor) -> float:
    deciles = np.quantile(
        torch.linalg.svdvals(information).numpy(), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    )
    shares = deciles / deciles.sum()
    return -sum(share * math.log(share) for share in shares if share > 0)


class Odd(Headed):
    """Strided, dilated, grouped and padded convolutions, one of them called twice, and activations in place."""

    def __init__(self) -> None:
        super().__init__(8, 5)
        self.stem = nn.Sequential(nn.Conv2d(3, 8, (3, 5), (2, 1), padding=(1, 2)), nn.ReLU(inplace=True))
        self.grouped = nn.Conv2d(8, 8, 3, stride=2, padding=3, dilation=2, groups=2)
        self.same = nn.Conv2d(8, 8, 4, padding="same")
        self.norm = nn.BatchNorm2d(8)

    def forward_features(self, images: Tensor) -> Tensor:
        images = self.same(torch.tanh(self.same(self.stem(images))))
        return torch.nn.functional.relu_(self.norm(self.grouped(images)))


@pytest.mark.parametrize("make", [Chain, Shortcuts, Paths, Unnormed, Odd])
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_vkdnw(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(3)
    model, (images, labels) = make(), batch()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    score = measure(model, images, labels, ["vkdnw"])["vkdnw"]
    assert score == pytest.approx(entropy_of_deciles(fisher_by_definition(model, images)), rel=1e-3)


def test_vkdnw_takes_one_backward_pass_for_each_class() -> None:
    passes = measure_detailed(Unnormed(), *batch(), ["vkdnw"]).passes
    assert passes == {"fisher forward": 1, "fisher backward": 4}


def test_vkdnw_of_many_classes_is_an_estimate_by_a_few_directions() -> None:
    torch.manual_seed(4)
    model = Chain()
    model.head = nn.Linear(16, 120)
    images, _ = batch(64)
    found = measure_detailed(model, images, None, ["vkdnw"])
    assert found.passes == {"fisher forward": 1, "fisher backward": 32}
    assert found.scores["vkdnw"] == measure(model, images, None, ["vkdnw"])["vkdnw"]
    exact = entropy_of_deciles(fisher_by_definition(model, images))
    assert found.scores["vkdnw"] == pytest.approx(exact, rel=0.05)


def test_vkdnw_of_a_network_that_ignores_its_images() -> None:
    network = build("nasbench201", "(1, 1, 1, 1, 1, 1)", classes=10, width=8, depth=1)
    assert measure(network, *batch(), ["vkdnw"])["vkdnw"] == UNDEFINED


def test_effective_rank() -> None:
    assert effective_rank(torch.eye(5) * 3) == pytest.approx(5)
    assert effective_rank(torch.ones(4, 7)) == pytest.approx(1)
    assert effective_rank(torch.diag(torch.tensor([3.0, 1.0]))) == pytest.approx(
        math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    )
    assert effective_rank(torch.zeros(3, 3)) == 0


def entropy_rank(matrix: Tensor) -> float:
    values = np.linalg.svd(matrix.detach().double().numpy(), compute_uv=False)
    shares = values[values > 0] / values.sum()
    return math.exp(-(shares * np.log(shares)).sum())


def test_near() -> None:
    """Where images are single positions and no more than channels, all points count."""

    class Perceptron(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.third = nn.Linear(432, 20), nn.Linear(20, 30), nn.Linear(30, 10)
            self.act, self.idle = nn.GELU(), nn.Linear(3, 3)

        def forward(self, images: Tensor) -> Tensor:
            images = torch.tanh(self.first(images.flatten(1)))
            return self.third(self.act(self.second(images)))

    torch.manual_seed(1)
    model, (images, _) = Perceptron(), batch()
    one = model.first(images.flatten(1))
    two = model.second(torch.tanh(one))
    three = model.act(two)
    outputs = [one, two, three, model.third(three)]
    assert measure(model, images, None, ["near"])["near"] == pytest.approx(
        sum(map(entropy_rank, outputs)), rel=1e-5
    )


def test_near_draws_as_many_points_as_channels() -> None:
    """Every point of the first layer's output has a channel of its own image, so that ranks tell which were drawn."""
    network = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.Flatten(), nn.Linear(864, 10))
    images, labels = batch(9)
    near = measure(network, images, labels, ["near"])["near"]
    assert measure(network, images, labels, ["near"], seed=1)["near"] != near
    maps = network[0](images).movedim(1, 3).reshape(-1, 6)
    drawn = np.sort(np.random.default_rng([0, 0]).choice(len(maps), 6, replace=False, shuffle=False))
    expected = entropy_rank(maps[drawn]) + entropy_rank(network(images))
    assert near == pytest.approx(expected, rel=1e-5)


def test_near_in_halves_and_beside_others() -> None:
    torch.manual_seed(2)
    network = Unnormed()
    alone = measure(network, *batch(9), ["near"])["near"]
    beside = measure_detailed(network, *batch(9), ["near", "zico", "snip"])
    assert beside.passes["forward"] == 2
    assert beside.scores["near"] == pytest.approx(alone, rel=1e-4)


def test_near_needs_no_activation() -> None:
    network = nn.Sequential(conv(3, 4), *normed(4, 4), nn.Flatten(), nn.Linear(576, 10))
    scores = measure(network, *batch(), ["near", "nwot"])
    assert scores["near"] > 5
    assert scores["nwot"] == -math.inf
