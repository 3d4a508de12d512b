"""Which passes are run for which proxies, counted at the network itself."""

from collections.abc import Iterable

import pytest
import torch
from torch import Tensor, nn

from rayzc.proxies import measure, measure_detailed
from rayzc.proxies.structure import __all__ as STRUCTURAL
from tests.proxies.nets import Chain, Unnormed
from tests.proxies.test_contract import SUITE, batch


class Counting(Chain):
    """Counts its forward passes by the number of images."""

    def __init__(self, model: nn.Module | None = None) -> None:
        super().__init__()
        self.seen: list[int] = []

    def forward_features(self, images: Tensor) -> Tensor:
        self.seen.append(len(images))
        return super().forward_features(images)


class CountingUnnormed(Unnormed):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def forward_features(self, images: Tensor) -> Tensor:
        self.seen.append(len(images))
        return super().forward_features(images)


def forwards(model: Counting | CountingUnnormed, proxies: Iterable[str] | None) -> list[int]:
    """The images of each forward pass of a measurement."""
    model.seen.clear()
    measure(model, *batch(8), proxies)
    return model.seen


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        (["params", "l2_norm"], []),
        (["flops"], [1]),
        (["flops", "nwot"], [8]),
        (["nwot", "swap", "meco"], [8]),
        (["jacov", "epe_nas"], [8]),
        (["grad_norm", "snip", "plain", "fisher", "grasp"], [8]),
        (["grasp", "jacov", "nwot", "trainability", "expressivity", "flops"], [8]),
        (["zen"], [8, 8]),
        (STRUCTURAL, [1]),
        (["vkdnw"], [8]),
        (["near", "nwot"], [8]),
        (["synflow"], [1]),
        (["zico"], [4, 4]),
        (["zico", "snip"], [8, 4, 4]),
        (SUITE, [8, 1, 8, 8]),
        (None, [8, 1, 1, 4, 4, 1, 1, 8, 8, 8]),
    ],
)
def test_the_fewest_forward_passes(proxies: list[str] | None, expected: list[int]) -> None:
    torch.manual_seed(0)  # zico runs once more, in float64, where the gradients of halves are very close
    assert forwards(Counting(), proxies) == expected


def test_halves_are_the_shared_pass_where_images_are_independent() -> None:
    assert forwards(CountingUnnormed(), ["zico", "snip", "jacov", "fisher", "nwot"]) == [4, 4]


def test_backward_passes_are_shared() -> None:
    passes = measure_detailed(Chain(), *batch(), SUITE).passes
    assert passes == {"forward": 1, "jacobian": 1, "backward": 1, "curvature": 1, "flow": 1, "gaussian": 2}


@pytest.mark.parametrize(
    ("proxies", "absent"),
    [(["nwot"], {"backward", "jacobian"}), (["jacov"], {"backward"}), (["snip"], {"jacobian", "curvature"})],
)
def test_no_pass_is_run_that_nobody_asked_for(proxies: list[str], absent: set[str]) -> None:
    assert not absent & set(measure_detailed(Chain(), *batch(), proxies).passes)


def test_no_graph_is_kept_without_a_backward_pass() -> None:
    graphs: list[bool] = []
    model = Chain()
    model.layers.register_forward_hook(lambda module, inputs, output: graphs.append(output.requires_grad))
    measure(model, *batch(), ["nwot", "swap", "meco", "expressivity", "flops"])
    measure(model, *batch(), ["jacov"])
    assert graphs == [False, True]


def test_split_and_whole_give_the_same_scores() -> None:
    """The halves for ZiCo change no other score, though sums are taken in another order."""
    torch.manual_seed(0)
    model = Unnormed()
    names = ["grad_norm", "snip", "plain", "fisher", "grasp", "jacov", "epe_nas", "nwot", "swap", "meco"]
    names += ["expressivity", "progressivity", "trainability", "flops"]
    split = measure_detailed(model, *batch(9), [*names, "zico"])
    assert split.passes["forward"] == 4  # two halves, and again for the curvature
    split_scores = {name: split.scores[name] for name in names}
    assert split_scores == pytest.approx(measure(model, *batch(9), names), rel=1e-4)
