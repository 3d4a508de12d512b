"""w . (H g) equals torch's own double backward, in float64, for every kind of layer."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rayzc.passes.second_order import SecondOrder
from rayzc.passes.twice_differentiable import Backward, Purpose


class Twice(nn.Module):
    """Uses one convolution twice, and its weight a third time outside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(4, 5)

    def forward(self, images: Tensor) -> Tensor:
        features = self.again(torch.relu(self.again(torch.relu(self.first(images)))))
        return self.head(features.mean((2, 3)) * (1 + self.again.weight.square().mean()))


class Computed(nn.Module):
    """A convolution by a weight that is computed from a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 5)

    def forward(self, images: Tensor) -> Tensor:
        weight = self.conv.weight / self.conv.weight.norm()
        return self.head(self.norm(nn.functional.conv2d(images, weight)).relu().mean((2, 3)))


def headed(*layers: nn.Module, channels: int = 6) -> nn.Module:
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5))


KINDS: dict[str, Callable[[], nn.Module]] = {
    "convolution": lambda: headed(nn.Conv2d(3, 6, 3), nn.Tanh(), nn.Conv2d(6, 6, 3), nn.Tanh()),
    "batch norm": lambda: headed(
        nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 1), nn.BatchNorm2d(6)
    ),
    "batch norm without scale": lambda: headed(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6, affine=False), nn.Tanh(), nn.Conv2d(6, 6, 3)
    ),
    "batch norm without statistics": lambda: headed(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6, track_running_stats=False), nn.Tanh(), nn.Conv2d(6, 6, 3)
    ),
    "strides, groups, dilation": lambda: headed(
        nn.Conv2d(3, 6, 3, 2, 1),
        nn.Tanh(),
        nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=3),
        nn.BatchNorm2d(6),
        nn.Conv2d(6, 6, (1, 3), (2, 1), (0, 1), groups=6),
    ),
    "padding by name": lambda: headed(nn.Conv2d(3, 6, 3, padding="same"), nn.Tanh(), nn.Conv2d(6, 6, 3)),
    "reflected padding": lambda: headed(nn.Conv2d(3, 6, 3, padding=1, padding_mode="reflect"), nn.Tanh()),
    "linear": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(243, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 5)
    ),
    "used twice": Twice,
    "computed": Computed,
    "pools": lambda: headed(
        nn.Conv2d(3, 6, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(6), nn.AvgPool2d(2), nn.Conv2d(6, 6, 1)
    ),
}


def randomised(make: Callable[[], nn.Module]) -> tuple[nn.Module, list[Tensor], Tensor, Tensor]:
    """A network in float64 whose norms have scales, its layers' weights, images and labels."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make().double()
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.affine:
                nn.init.normal_(module.weight)
        model.requires_grad_(False)
        layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        images = torch.randn(6, 3, 9, 9, dtype=torch.float64)
    return model, [layer.weight.requires_grad_() for layer in layers], images, torch.arange(6) % 5


def expected(model: nn.Module, weights: list[Tensor], images: Tensor, labels: Tensor) -> list[float]:
    loss = nn.functional.cross_entropy(model(images), labels)
    gradients = torch.autograd.grad(loss, weights, create_graph=True)
    product = torch.stack([(g.detach() * g).sum() for g in gradients]).sum()
    curvature = torch.autograd.grad(product, weights)
    return [float((weight.detach() * share).sum()) for weight, share in zip(weights, curvature, strict=True)]


@pytest.mark.parametrize("of_images", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_curvatures(kind: str, of_images: bool) -> None:
    model, weights, images, labels = randomised(KINDS[kind])
    images.requires_grad_(of_images)
    mode = SecondOrder(weights, Purpose())
    with mode:
        loss = nn.functional.cross_entropy(model(images), labels)
    gradients = torch.autograd.grad(loss, weights, create_graph=True)
    plain = torch.autograd.grad(nn.functional.cross_entropy(model(images), labels), weights)
    for ours, torchs in zip(gradients, plain, strict=True):
        assert torch.allclose(ours, torchs, rtol=1e-12, atol=1e-14)
    found = mode.curvatures(gradients)
    assert found == pytest.approx(expected(model, weights, images, labels), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("kind", ["convolution", "batch norm", "used twice"])
def test_the_way_back_to_the_images(kind: str) -> None:
    model, weights, images, _ = randomised(KINDS[kind])
    images.requires_grad_()
    mode = SecondOrder(weights, Purpose())
    mode.purpose.backward = Backward.IMAGES
    with mode:
        outputs = model(images)
    (ours,) = torch.autograd.grad(outputs.sum(), images)
    (torchs,) = torch.autograd.grad(model(images).sum(), images)
    assert torch.allclose(ours, torchs, rtol=1e-12, atol=1e-14)


def test_in_another_direction() -> None:
    model, weights, images, labels = randomised(KINDS["batch norm"])
    direction = [torch.randn(w.shape, generator=torch.Generator().manual_seed(1)).double() for w in weights]

    def gradients(create: Any) -> Any:
        return torch.autograd.grad(create(), weights, create_graph=True)

    mode = SecondOrder(weights, Purpose())
    with mode:
        loss = nn.functional.cross_entropy(model(images), labels)
    found = mode.curvatures(gradients(lambda: loss), direction)
    plain = gradients(lambda: nn.functional.cross_entropy(model(images), labels))
    product = torch.stack([(d * g).sum() for d, g in zip(direction, plain, strict=True)]).sum()
    shares = torch.autograd.grad(product, weights)
    assert found == pytest.approx(
        [float((w.detach() * s).sum()) for w, s in zip(weights, shares, strict=True)]
    )


def test_no_gradients_no_curvature() -> None:
    _, weights, _, _ = randomised(KINDS["linear"])
    assert SecondOrder(weights, Purpose()).curvatures([None, None]) == [0.0, 0.0]


def test_outside_of_the_mode_torch_is_torch() -> None:
    model, weights, images, _ = randomised(KINDS["batch norm"])
    with SecondOrder(weights, Purpose()):
        inside = model(images)
    assert torch.equal(inside, model(images))
    with torch.no_grad():
        assert torch.nn.functional.conv2d(images, weights[0]).grad_fn is None
