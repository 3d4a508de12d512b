"""What a reader of scores should know of a network: why a score is missing, or says nothing, and what no proxy sees."""

import math
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from rayzc.passes.results import PassResults
from rayzc.passes.subject import Subject
from rayzc.proxies.registry import UNDEFINED, Proxy

__all__ = ["broken", "unseen"]

OF_GRADIENTS = frozenset({"gradients", "half_gradients", "saliencies", "curvatures"})
OF_CODES = frozenset({"kernel", "patterns"})
OF_BLOCKS = frozenset({"block_entropies", "block_gains"})
NAMED = 3
"""Layers that a note names."""
NOTED = 0.1
"""The least share of the parameters outside of all weights that is worth a note."""


def broken(subject: Subject, scores: Mapping[str, float], proxies: Sequence[Proxy]) -> dict[str, str]:
    """The reasons why scores of rayzc's proxies are no numbers, by proxy.

    These are nan and inf, and sentinels that mean "disconnected" on a network with weights that are not finite.
    """
    found: dict[str, str] = {}
    spoilt: list[str] | None = None
    for proxy in proxies:
        score = scores.get(proxy.name, 0.0)
        if not proxy.built_in or (math.isfinite(score) and score != UNDEFINED):
            continue
        if spoilt is None:
            spoilt = [
                name for name, tensor in subject.model.named_parameters() if not torch.isfinite(tensor).all()
            ]
        if spoilt:
            found[proxy.name] = f"the network has weights that are not finite: {_listed(spoilt)}"
        elif score != -math.inf and score != UNDEFINED:
            found[proxy.name] = (
                f"it is {score}, as activations or gradients exceed the range of their numbers: give the network "
                "smaller weights, or layers that normalise"
            )
    return found


def unseen(
    subject: Subject, found: PassResults, scores: Mapping[str, float], proxies: Sequence[Proxy]
) -> Iterator[str]:
    """Notes on what proxies could not see of a network; none for networks of search spaces with tables.

    Each names the proxies.
    """
    if subject.tabulated:
        return

    def reading(needs: frozenset[str]) -> str:
        return ", ".join(proxy.name for proxy in proxies if proxy.needs & needs and proxy.name in scores)

    results = found.results
    if (names := reading(OF_CODES)) and not results.get("units", 1):
        yield f"{names}: nothing to read, as no activation has a unit for each image"
    if (names := reading(frozenset({"maps"}))) and all(map_.shape[1] < 2 for map_ in results["maps"]):
        yield f"{names}: nothing to read, as no module puts out a map with more than one position"
    if names := reading(OF_BLOCKS):
        blocks = results.get("block_entropies", results.get("block_gains", ()))
        if len(blocks) < 1:
            yield f"{names}: nothing to read, as there are no two blocks whose outputs are maps or tokens"
    if (names := reading(frozenset({"jacobian"}))) and not results["jacobian"].any():
        yield f"{names}: nothing passes back to the images, through torch.no_grad or weights that are 0"
    lacking = [p.name for p in proxies if "graph" in p.needs and scores.get(p.name) == -math.inf]
    if lacking == ["mean_resolution"]:
        yield "mean_resolution: nothing to read, as there are no convolutions"
    elif lacking:
        yield f"{', '.join(lacking)}: nothing to read, as the logits do not depend on the images"
    if names := reading(OF_GRADIENTS):
        yield from _without_gradient(subject, results, names)
    if (names := reading(frozenset({"saliencies"}))) and (hidden := results.get("unseen")):
        yield (
            f"{names}: cannot see {_share(subject, hidden)} of the parameters, as what these weights put out is inside "
            f"a function of torch ({_listed(hidden)})"
        )
    if names := reading(OF_GRADIENTS | {"jacobian", "flow", "flow_bn"}):
        zero = [
            layer.weight
            for layer in subject.layers
            if not subject.model.get_parameter(layer.weight).detach().any()
        ]
        if zero:
            yield f"{names}: all weights of {_listed(zero)} are 0, and nothing passes back through them"
    yield from _outside(subject, reading(OF_GRADIENTS | {"weights", "flow", "flow_bn"}))


def _without_gradient(subject: Subject, results: Mapping[str, object], names: str) -> Iterator[str]:
    """A note on weights that no gradient reaches."""
    gradients = results.get("gradients")
    if gradients is None and (halves := results.get("half_gradients")):
        gradients = halves[0]  # type: ignore[index]
    if not isinstance(gradients, tuple):
        return
    still = [
        layer.weight
        for layer, gradient in zip(subject.layers, gradients, strict=True)
        if isinstance(gradient, Tensor) and not gradient.any()
    ]
    if still and len(still) == len(gradients) and subject.classes == 1:
        yield f"{names}: the cross-entropy of a single class is always 0; give another loss, such as loss=mse_loss"
    elif still:
        yield (
            f"{names}: no gradient reaches {_share(subject, still)} of the parameters ({_listed(still)}): they are "
            "not used, or behind torch.no_grad or zeros"
        )


def _outside(subject: Subject, names: str) -> Iterator[str]:
    """A note on matrices that enter no product, such as embeddings."""
    known = {layer.weight for layer in subject.layers}
    others = [
        name
        for name, parameter in subject.model.named_parameters()
        if name not in known and parameter.squeeze().dim() > 1
    ]
    if names and others and _fraction(subject, others) >= NOTED:
        yield (
            f"{names}: cannot see {_share(subject, others)} of the parameters, which enter no convolution or matrix "
            f"product ({_listed(others)})"
        )


def _fraction(subject: Subject, names: Sequence[str]) -> float:
    sizes = {name: parameter.numel() for name, parameter in subject.model.named_parameters()}
    return sum(sizes[name] for name in {*names}) / max(sum(sizes.values()), 1)


def _share(subject: Subject, names: Sequence[str]) -> str:
    return f"{_fraction(subject, names):.1%}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
