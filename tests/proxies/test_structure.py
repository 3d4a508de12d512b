"""Structural proxies of small networks, counted by hand, and of the search spaces, counted from encodings."""

import ast
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from rayzc.proxies import MeasurementWarning, measure, measure_detailed
from rayzc.proxies.structure import __all__ as STRUCTURAL
from rayzc.spaces import SPACES, build
from tests.proxies.nets import Chain, Headed, Paths, Shortcuts, conv, normed

Way = tuple[int, float, float, int]
"""Number of ways, fewest layers, most layers, sum of layers over all ways."""


def structure(network: nn.Module, images: Tensor | None = None) -> dict[str, float]:
    return measure(network, torch.randn(2, 3, 12, 12) if images is None else images, None, STRUCTURAL)


def check(network: nn.Module, **expected: float) -> None:
    scores = structure(network)
    assert {name: scores[name] for name in expected} == pytest.approx(expected)


class Body(Headed):
    """A network of 4 channels, whose body a test writes as a function of the image and the network's layers."""

    def __init__(self, body: Callable[..., Tensor], **modules: nn.Module) -> None:
        super().__init__(4, 10)
        self.stem = conv(3, 4)
        self.body = body
        self.parts = nn.ModuleDict(modules)

    def forward_features(self, images: Tensor) -> Tensor:
        return self.body(self.stem(images), **self.parts)


def test_a_chain() -> None:
    check(
        Chain(),
        layers=4,
        reached_layers=4,
        longest_path=4,
        shortest_path=4,
        mean_path=4,
        log_paths=0,
        mean_width=(8 + 16 + 16 + 10) / 4,
        mean_resolution=(12 + 6 + 6) / 3,
        conv3x3_share=3 / 4,
        conv1x1_share=0,
        pooling_share=0,
        skip_share=0,
    )


def test_residual_sums() -> None:
    """Stem, an identity across two layers, a projection across two layers, and the head."""
    check(
        Shortcuts(),
        layers=7,
        reached_layers=7,
        longest_path=1 + 2 + 2 + 1,
        shortest_path=1 + 0 + 1 + 1,
        mean_path=(6 + 5 + 4 + 3) / 4,
        log_paths=math.log(4),
        conv3x3_share=5 / 8,
        conv1x1_share=1 / 8,
        skip_share=1 / 8,
    )


def test_concatenations() -> None:
    """Stem; a separable convolution, a dilated one, a pooling and an identity side by side; and the head."""
    check(
        Paths(),
        layers=5,
        longest_path=4,
        shortest_path=2,
        mean_path=(4 + 3 + 2 + 2) / 4,
        log_paths=math.log(4),
        mean_width=(8 + 8 + 8 + 8 + 6) / 5,
        conv3x3_share=3 / 7,
        conv1x1_share=1 / 7,
        pooling_share=1 / 7,
        skip_share=1 / 7,
    )


def test_functional_calls() -> None:
    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Parameter(torch.randn(4, 3, 3, 3))
            self.second = nn.Parameter(torch.randn(4, 4, 1, 1))
            self.last = nn.Parameter(torch.randn(4, 10))
            self.idle = nn.Linear(4, 4)

        def forward(self, images: Tensor) -> Tensor:
            images = functional.relu(functional.conv2d(images, self.first, padding=1))
            images = images + torch.relu(
                functional.conv2d(functional.max_pool2d(images, 3, 1, 1), self.second)
            )
            return functional.adaptive_avg_pool2d(images, 1).flatten(1) @ self.last

    check(
        Functional(),
        layers=4,
        reached_layers=3,
        longest_path=3,
        shortest_path=2,
        log_paths=math.log(2),
        mean_width=6,
        mean_resolution=12,
        conv3x3_share=1 / 5,
        conv1x1_share=1 / 5,
        pooling_share=1 / 5,
        skip_share=1 / 5,
    )


def test_a_module_that_is_called_again() -> None:
    """Three calls of one layer: one weight, three places on the way."""

    def body(images: Tensor, again: nn.Module) -> Tensor:
        return again(torch.relu(again(torch.relu(again(images)))))

    check(Body(body, again=conv(4, 4)), layers=3, reached_layers=3, longest_path=5, conv3x3_share=4 / 5)


def test_tied_layers_are_one() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(432, 8), nn.Linear(8, 8), nn.Linear(8, 8))
    network[3].weight = network[2].weight
    check(network, layers=2, reached_layers=2, longest_path=3, mean_width=8, mean_resolution=-math.inf)


def test_dead_branches() -> None:
    """Layers whose output nobody uses, that see no image, or whose output is multiplied by the number zero."""

    def body(
        images: Tensor, unused: nn.Module, blind: nn.Module, zeroed: nn.Module, live: nn.Module
    ) -> Tensor:
        unused(images)
        return live(images) + blind(torch.ones_like(images)) + zeroed(images) * 0.0

    parts = {name: conv(4, 4, 1) for name in ("unused", "blind", "zeroed", "live", "never")}
    never = parts.pop("never")
    network = Body(body, **parts)
    network.never = never
    check(
        network, layers=7, reached_layers=3, longest_path=3, shortest_path=3, log_paths=0, conv1x1_share=1 / 3
    )


class Attention(nn.Module):
    """Attention around which its input is added, on rows of pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(12, 2, batch_first=True)
        self.head = nn.Linear(12, 10)

    def forward(self, images: Tensor) -> Tensor:
        tokens = images.flatten(1, 2)
        return self.head((tokens + self.attention(tokens, tokens, tokens)[0]).mean(1))


def test_zeros_end_a_way() -> None:
    for zero in (
        lambda x: x * 0,
        lambda x: 0.0 * x,
        lambda x: x.mul(0.0),
        torch.zeros_like,
        lambda x: x.zero_(),
    ):
        scores = structure(Body(lambda images, zero=zero: zero(images)))
        assert scores["layers"] == 2
        assert scores["reached_layers"] == 0
        unknown = set(STRUCTURAL) - {"layers", "reached_layers"}
        assert {scores[name] for name in unknown} == {-math.inf}


def test_notes_say_what_there_is_nothing_to_read_of() -> None:
    with pytest.warns(
        MeasurementWarning, match="shortest_path.*: nothing to read, as the logits do not depend"
    ):
        structure(Body(torch.zeros_like))
    with pytest.warns(
        MeasurementWarning, match="^mean_resolution: nothing to read, as there are no convolutions"
    ):
        structure(Attention())


def test_in_place() -> None:
    """Sums, activations and slices that are written into memory that is there."""

    def body(images: Tensor, left: nn.Module, right: nn.Module) -> Tensor:
        total = functional.relu(left(images), inplace=True)
        total += images
        out = torch.zeros_like(total)
        out[:, :2] = total[:, :2]
        out[:, 2:] = right(total)[:, 2:]
        return out.relu_()

    # Ways from stem to head: (left or identity), then (as it is or right).
    check(
        Body(body, left=conv(4, 4), right=conv(4, 4)),
        longest_path=4,
        shortest_path=2,
        mean_path=3,
        log_paths=math.log(4),
        skip_share=2 / 6,
    )


def test_memory_that_is_written_anew_forgets_what_it_held() -> None:
    def body(images: Tensor, first: nn.Module, second: nn.Module) -> Tensor:
        held = first(images)
        held.copy_(second(images))
        return held

    check(Body(body, first=conv(4, 4), second=conv(4, 4)), layers=4, reached_layers=3, log_paths=0)


def test_a_norm_between_two_uses() -> None:
    """What is added in place after a norm does not reach those who read its input."""

    def body(images: Tensor, norm: nn.Module, layer: nn.Module) -> Tensor:
        normed = norm(images)
        normed += layer(images)
        return images * 2 + layer(images)

    check(Body(body, norm=nn.BatchNorm2d(4), layer=conv(4, 4)), log_paths=math.log(2), longest_path=3)


def test_an_activation_written_out_is_no_join() -> None:
    check(Body(lambda images: images * torch.sigmoid(images)), log_paths=0, skip_share=0)


def test_a_gate_is_a_join() -> None:
    """Squeeze and excitation: the features, and their factors over two layers."""

    def body(images: Tensor, down: nn.Module, up: nn.Module) -> Tensor:
        squeezed = images.mean((2, 3), keepdim=True)
        return images * torch.sigmoid(up(torch.relu(down(squeezed))))

    check(
        Body(body, down=nn.Conv2d(4, 2, 1), up=nn.Conv2d(2, 4, 1)),
        longest_path=4,
        shortest_path=2,
        log_paths=math.log(2),
        skip_share=1 / 5,
    )


def test_attention() -> None:
    check(
        Attention(), layers=3, reached_layers=3, longest_path=3, shortest_path=1, log_paths=math.log(2),
        mean_width=(36 + 12 + 10) / 3, mean_resolution=-math.inf,
    )  # fmt: skip


def test_control_flow() -> None:
    class Flowing(Body):
        def __init__(self) -> None:
            super().__init__(self.loop, layer=normed(4, 4))

        def loop(self, images: Tensor, layer: nn.Module) -> Tensor:
            depth = 0
            while depth < 3 and float(images.detach().abs().max()) < 1e9:
                images = layer(images)
                depth += 1
            return images

    check(Flowing(), layers=3, longest_path=5)


def test_a_cell_of_darts() -> None:
    """Nodes 2 and 3: 2 = conv(0) + skip(1), 3 = pool(1) + conv(2); the output concatenates both."""

    def body(images: Tensor, older: nn.Module, newer: nn.Module, one: nn.Module, two: nn.Module) -> Tensor:
        states = [older(images), newer(images)]
        states.append(one(states[0]) + nn.Identity()(states[1]))
        states.append(functional.max_pool2d(states[1], 3, 1, 1) + two(states[2]))
        return torch.cat([state[:, :2] for state in states[2:]], 1)

    # From the stem to 2: older-one (2 layers), newer (1). To 3: newer-pool (1), and those of 2 with one more (3, 2).
    check(
        Body(body, older=conv(4, 4, 1), newer=conv(4, 4, 1), one=conv(4, 4), two=conv(4, 4)),
        layers=6,
        log_paths=math.log(5),
        longest_path=5,
        shortest_path=3,
        mean_path=2 + (2 + 1 + 1 + 3 + 2) / 5,
        conv3x3_share=3 / 9,  # six layers, one pooling, and the skips from 1 to 2 and from 2 to the output
        conv1x1_share=2 / 9,
        pooling_share=1 / 9,
        skip_share=2 / 9,
    )


def test_many_ways() -> None:
    """Two to the power of 2000, which is beyond float64."""

    def body(images: Tensor, layer: nn.Module) -> Tensor:
        for _ in range(2000):
            images = images + images
        return images + layer(images)

    check(Body(body, layer=conv(4, 4)), log_paths=2001 * math.log(2), mean_path=2.5)


def test_neither_pixels_nor_weights_nor_company_matter() -> None:
    network, other = Shortcuts(), Shortcuts()
    expected = structure(network)
    assert structure(other, torch.full((5, 3, 12, 12), 7.0)) == expected
    beside = measure_detailed(network, torch.randn(4, 3, 12, 12), torch.arange(4))
    assert {name: beside.scores[name] for name in STRUCTURAL} == expected
    assert beside.passes["graph"] == 1


def of_edges(edges: list[tuple[int, int, Way]], last: int) -> Way:
    """All ways from place 0 to the last along edges, which are listed by their end; an edge is a bundle of ways."""
    known: dict[int, list[Way]] = {0: [(1, 0, 0, 0)]}
    for end in range(1, last + 1):
        known[end] = [
            (n * m, low + a, high + b, total * m + n * add)
            for start, stop, (m, a, b, add) in edges
            if stop == end
            for n, low, high, total in [merged(known[start])]
            if n and m
        ]
    return merged(known[last])


def merged(ways: list[Way]) -> Way:
    if not ways:
        return (0, -math.inf, -math.inf, 0)
    return sum(w[0] for w in ways), min(w[1] for w in ways), max(w[2] for w in ways), sum(w[3] for w in ways)


def chained(*parts: Way) -> Way:
    return of_edges([(place, place + 1, part) for place, part in enumerate(parts)], len(parts))


def layer(number: int = 1, ways: int = 1) -> Way:
    return ways, number, number, number * ways


NOTHING, BOTH = layer(0, 0), merged([layer(2), layer(1)])
IDENTITY, ONE = layer(0), layer(1)


def nasbench201(encoding: str) -> Way:
    steps = dict(enumerate([IDENTITY, NOTHING, ONE, ONE, IDENTITY]))
    arrows = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    codes = ast.literal_eval(encoding)
    cell = of_edges([(*arrow, steps[code]) for arrow, code in zip(arrows, codes, strict=True)], 3)
    return chained(ONE, cell, cell, BOTH, cell, cell, BOTH, cell, cell, ONE)


def transbench101_micro(encoding: str) -> Way:
    arrows = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
    codes = ast.literal_eval(encoding)

    def cell(reduces: bool) -> Way:
        edges = []
        for (start, end), code in zip(arrows, codes, strict=True):
            halved = layer(1, 2) if reduces and start == 0 else IDENTITY
            edges.append((start, end, [NOTHING, halved, ONE, ONE][code]))
        return of_edges(edges, 3)

    modules = [part for reduces in (True, False, True, False, True) for part in (cell(reduces), cell(False))]
    return chained(ONE, ONE, *modules, ONE)


def transbench101_macro(encoding: str) -> Way:
    parts = [ONE, ONE]
    for code in ast.literal_eval(encoding):
        if code:
            parts += [BOTH if code > 1 else merged([layer(2), IDENTITY]), merged([layer(2), IDENTITY])]
    return chained(*parts, ONE)


def nasbench101(encoding: str) -> Way:
    (*flat,) = ast.literal_eval(encoding)
    matrix, codes = np.reshape(flat[:49], (7, 7)), flat[49:]
    # A vertex of the cell is its operation; into it goes a sum, out of the cell's input a projection.
    edges = [
        (start, end, layer(int(start == 0) + int(end < 6 and codes[end] in (3, 4))))
        for end in range(7)
        for start in range(end)
        if matrix[start, end]
    ]
    cell = of_edges(edges, 6)
    return chained(ONE, cell, cell, cell, cell, cell, cell, ONE)


def nasbench301(encoding: str) -> Way:
    normal, reduction = ast.literal_eval(encoding)
    edges = [(0, 1, ONE)]  # place 1 is the stem
    older = newer = last = 1
    after = False
    for place in range(5):
        reduces = place in (1, 3)
        first = last + 1
        edges += [(older, first, layer(1, 2) if after else ONE), (newer, first + 1, ONE)]
        for number, (source, code) in enumerate(reduction if reduces else normal):
            skip = layer(1, 2) if reduces and source < 2 else IDENTITY
            step = [IDENTITY, IDENTITY, skip, layer(4), layer(4), layer(2), layer(2)][code]
            edges.append((first + source, first + 2 + number // 2, step))
        last = first + 6
        edges += [(first + 2 + node, last, IDENTITY) for node in range(4)]
        older, newer, after = newer, last, reduces
    return of_edges([*edges, (last, last + 1, ONE)], last + 1)


COUNTED: dict[str, tuple[Callable[[str], Way], int]] = {
    "nasbench101": (nasbench101, 2),
    "nasbench201": (nasbench201, 2),
    "nasbench301": (nasbench301, 1),
    "transbench101_micro": (transbench101_micro, 2),
    "transbench101_macro": (transbench101_macro, 2),
}
"""The ways by space, counted from an encoding, and the depth at which they are counted."""


@pytest.mark.parametrize("name", COUNTED)
def test_the_ways_of_every_space_follow_from_its_encoding(name: str) -> None:
    space, (count, depth) = SPACES[name], COUNTED[name]
    task = next(iter(space.tasks))
    for seed in range(8):
        encoding = space.format(space.sample(np.random.default_rng(seed)))
        network = space.build_for(space.parse(encoding), task, width=8, depth=depth)
        scores = structure(network, torch.zeros(1, *space.tasks[task].input_shape))
        number, shortest, longest, total = count(encoding)
        assert scores["log_paths"] == (math.log(number) if number else -math.inf), encoding
        assert (scores["shortest_path"], scores["longest_path"]) == (shortest, longest), encoding
        assert scores["mean_path"] == (total / number if number else -math.inf), encoding


def test_a_cell_of_nas_bench_201_counted_by_hand() -> None:
    """0->1 skip, 0->2 3x3, 0->3 pooling, 1->2 none, 1->3 1x1, 2->3 skip; three cells of 8, 16, 32 channels."""
    scores = structure(build("nasbench201", "(0, 2, 4, 1, 3, 0)", classes=10, width=8, depth=1))
    # Per cell three ways of 1, 0 and 1 layers; a block between cells has one of two layers and one of a single.
    operations = 3 * 3 + 2 * 4 + 2
    assert scores == pytest.approx(
        {
            "layers": 14,
            "reached_layers": 14,
            "longest_path": 1 + 3 + 4 + 1,
            "shortest_path": 1 + 0 + 2 + 1,
            "mean_path": 2 + 3 * 2 / 3 + 2 * 1.5,
            "log_paths": math.log(3**3 * 2**2),
            "mean_width": (8 + 2 * 8 + 3 * 16 + 2 * 16 + 3 * 32 + 2 * 32 + 10) / 14,
            "mean_resolution": (12 + 2 * 12 + 3 * 6 + 2 * 6 + 3 * 3 + 2 * 3) / 13,
            "conv3x3_share": (1 + 3 + 4) / operations,
            "conv1x1_share": (3 + 2) / operations,
            "pooling_share": (3 + 2) / operations,
            "skip_share": 0,
        }
    )
