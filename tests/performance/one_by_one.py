"""Proxies measured one by one with plain torch, as NAS-Bench-Suite-Zero's code does: the peer of the benchmark.

Every proxy has a deep copy of the network and passes of its own, in torch's default layout, with torch's own
layers and derivatives.
"""

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["SUITE", "one_by_one"]


def _layers(net: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [module for module in net.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def _loss(net: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.cross_entropy(net(images), labels)


def _sum(terms: Sequence[Tensor]) -> float:
    return float(sum(term.detach().double() for term in terms))


def grad_norm(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    _loss(net, images, labels).backward()
    return _sum([layer.weight.grad.norm() for layer in _layers(net)])


def snip(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    _loss(net, images, labels).backward()
    return _sum([(layer.weight * layer.weight.grad).abs().sum() for layer in _layers(net)])


def plain(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    _loss(net, images, labels).backward()
    return _sum([(layer.weight * layer.weight.grad).sum() for layer in _layers(net)])


def fisher(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    terms: list[Tensor] = []

    def listen(layer: nn.Conv2d | nn.Linear, _: object, output: Tensor) -> None:
        def add(gradient: Tensor) -> None:
            product = output.detach() * gradient
            channels = product.flatten(2).sum(2) if product.dim() > 2 else product
            terms.append(channels.square().mean(0).sum() / 2 * layer.weight[0].numel())

        output.register_hook(add)

    for layer in _layers(net):
        layer.register_forward_hook(listen)
    _loss(net, images, labels).backward()
    return _sum(terms)


def grasp(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    weights = [layer.weight for layer in _layers(net)]
    first = torch.autograd.grad(_loss(net, images, labels), weights)
    second = torch.autograd.grad(_loss(net, images, labels), weights, create_graph=True)
    sum((a * b).sum() for a, b in zip(first, second, strict=True)).backward()
    return _sum([-(weight * weight.grad).sum() for weight in weights])


def _jacobian(net: nn.Module, images: Tensor) -> np.ndarray:
    images = images.clone().requires_grad_()
    outputs = net(images)
    outputs.backward(torch.ones_like(outputs))
    return images.grad.flatten(1).cpu().numpy()


def jacov(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    values = np.linalg.eigvalsh(np.corrcoef(_jacobian(net, images))) + 1e-5
    return float(-(np.log(values) + 1 / values).sum())


def epe_nas(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    jacobian = _jacobian(net, images)
    classes = labels.cpu().numpy()
    groups = [jacobian[classes == label] for label in np.unique(classes)]
    return float(sum(abs(np.log(np.abs(np.corrcoef(group)) + 1e-5).sum()) for group in groups))


def nwot(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    kernel = np.zeros((len(images), len(images)))

    def add(_: nn.Module, inputs: tuple[Tensor, ...], __: Tensor) -> None:
        on = (inputs[0].flatten(1) > 0).float()
        kernel[:] += (on @ on.T + (1 - on) @ (1 - on.T)).cpu().numpy()

    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(add)
    net(images)
    return float(np.linalg.slogdet(kernel)[1])


def synflow(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    net.double()
    for tensor in net.state_dict().values():
        tensor.abs_()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = lambda features: features
    net(torch.ones_like(images[:1], dtype=torch.float64)).sum().backward()
    return math.log(_sum([(layer.weight * layer.weight.grad).abs().sum() for layer in _layers(net)]))


def zen(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight)
        first, second = torch.randn_like(images), torch.randn_like(images)
        difference = net.forward_features(first) - net.forward_features(first + 0.01 * second)
        score = difference.abs().sum((1, 2, 3)).mean().log()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                score += module.running_var.mean().sqrt().log()
    return float(score)


def l2_norm(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    return _sum([layer.weight.norm() for layer in _layers(net)])


def params(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    return sum(parameter.numel() for parameter in net.parameters()) / 1e6


def flops(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Multiply-adds of the convolutions only, which is what takes the time: a forward pass of one image."""
    counts = []
    for layer in _layers(net):
        layer.register_forward_hook(
            lambda layer, _, output: counts.append(layer.weight[0].numel() * output.numel())
        )
    with torch.no_grad():
        net.eval()(images[:1])
    return sum(counts) / 1e6


SUITE: dict[str, Callable[[nn.Module, Tensor, Tensor], float]] = {
    function.__name__: function
    for function in (
        epe_nas,
        fisher,
        flops,
        grad_norm,
        grasp,
        jacov,
        l2_norm,
        nwot,
        params,
        plain,
        snip,
        synflow,
        zen,
    )
}
"""The thirteen proxies of the suite."""


def one_by_one(
    model: nn.Module, images: Tensor, labels: Tensor, names: Sequence[str] = tuple(SUITE)
) -> dict[str, float]:
    """Scores a network by one proxy after the other."""
    return {name: SUITE[name](copy.deepcopy(model).train(), images, labels) for name in names}
