"""What holds for every registered search space."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import nn

from rayzc.errors import SpaceError
from rayzc.spaces import (
    SPACES,
    NasBench301,
    SearchSpace,
    TransBench101Macro,
    build,
    search_space,
)
from rayzc.spaces.encoding import Value
from rayzc.testing import check_space

SMALL = {
    "nasbench101": 16,
    "nasbench201": 4,
    "nasbench301": 4,
    "transbench101_micro": 4,
    "transbench101_macro": 4,
}
"""Widths at which a forward pass takes milliseconds."""

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(params=SPACES)
def space(request: pytest.FixtureRequest) -> SearchSpace:
    return SPACES[request.param]


def samples(space: SearchSpace, number: int, seed: int = 0) -> list[Value]:
    rng = np.random.default_rng(seed)
    return [space.sample(rng) for _ in range(number)]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_contract_of_a_search_space(space: SearchSpace, seed: int) -> None:
    state = torch.get_rng_state()
    check_space(space, width=SMALL[space.name], seed=seed)
    assert torch.equal(torch.get_rng_state(), state)


def test_registry_names_the_spaces() -> None:
    for name, space in SPACES.items():
        assert isinstance(space, SearchSpace)
        assert space.name == name == space.encoding.space
        assert search_space(name) is space


def test_an_unknown_space_is_named_with_the_nearest() -> None:
    with pytest.raises(SpaceError, match="no search space 'nasbench202'; did you mean 'nasbench201'"):
        search_space("nasbench202")


def test_mutation_draws_evenly_from_the_neighbours(space: SearchSpace) -> None:
    [architecture] = samples(space, 1)
    rng = np.random.default_rng(0)
    neighbours = space.neighbours(architecture)
    counts = Counter(space.mutate(architecture, rng) for _ in range(20 * len(neighbours)))
    assert {*counts} <= {*neighbours}
    assert chisquare([counts[neighbour] for neighbour in neighbours]).pvalue > 1e-4


def test_crossing_over_makes_something_new(space: SearchSpace) -> None:
    first, second = samples(space, 20), samples(space, 20, seed=1)
    rng = np.random.default_rng(0)
    children = {space.cross_over(a, b, rng) for a, b in zip(first, second, strict=True)}
    assert children - {*first} - {*second}


def test_wrong_architectures_are_refused_everywhere(space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    [good] = samples(space, 1)
    unconnected = (((0, 0), (0, 0)), (0, 1))
    wrong: Value = unconnected if space.name == "nasbench101" else good[:1]
    for use in (
        space.validate,
        space.neighbours,
        space.build,
        space.describe,
        space.draw,
        lambda architecture: space.mutate(architecture, rng),
        lambda architecture: space.cross_over(architecture, good, rng),
        lambda architecture: space.cross_over(good, architecture, rng),
    ):
        with pytest.raises(SpaceError, match=space.name):
            use(wrong)


def test_networks_of_patches_are_siamese(space: SearchSpace) -> None:
    [architecture] = samples(space, 1)
    network = space.build(architecture, 5, 16, width=SMALL[space.name], depth=1, patches=4).eval()
    assert network.input_shape == (4, 3, 16, 16)
    patches = torch.randn(2, 4, 3, 16, 16)
    assert network(patches).shape == (2, 5)
    features = network.forward_features(patches)
    channels = features.shape[1] // 4
    torch.testing.assert_close(features[:, channels : 2 * channels], network.body(patches[:, 1]))


def test_every_relu_is_called_once_and_changes_nothing_in_place(space: SearchSpace) -> None:
    for architecture in samples(space, 3):
        network = space.build(architecture, input_size=16, width=SMALL[space.name])
        relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
        assert relus
        assert not any(relu.inplace for relu in relus)
        calls: list[nn.Module] = []
        for relu in relus:
            relu.register_forward_hook(partial(note_call, calls))
        network(torch.randn(2, 3, 16, 16))
        assert Counter(calls) == Counter(relus)


def note_call(calls: list[nn.Module], module: nn.Module, inputs: object, output: object) -> None:
    calls.append(module)


def test_width_and_depth_scale_a_network(space: SearchSpace) -> None:
    [architecture] = samples(space, 1)

    def weights(**scale: int) -> int:
        with torch.device("meta"):
            return sum(weight.numel() for weight in space.build(architecture, **scale).parameters())

    assert weights() == weights(width=space.width, depth=space.depth)
    assert weights(width=space.width * 2) > weights() > weights(width=space.width // 2)
    assert weights(depth=space.depth + 1) >= weights() >= weights(depth=1)


@pytest.mark.parametrize(
    ("argument", "message"),
    [({"classes": 0}, "classes is 0"), ({"depth": 0}, "depth is 0"), ({"width": -4}, "width is -4")],
)
def test_impossible_numbers_are_refused(space: SearchSpace, argument: dict[str, int], message: str) -> None:
    [architecture] = samples(space, 1)
    with pytest.raises(SpaceError, match=f"{space.name}: {message}; give a positive "):
        space.build(architecture, **argument)


def test_an_unknown_task_is_named_with_those_known(space: SearchSpace) -> None:
    [architecture] = samples(space, 1)
    with pytest.raises(SpaceError, match=f"{space.name} has no task 'svhn'"):
        space.build_for(architecture, "svhn")


def test_build_by_name_and_encoding() -> None:
    network = build("nasbench201", "(4, 3, 3, 3, 2, 3)", classes=100, width=8, depth=1)
    assert network(torch.randn(2, 3, 32, 32)).shape == (2, 100)
    with pytest.raises(SpaceError, match="nasbench201"):
        build("nasbench201", "(4, 3, 3, 3, 2, 9)")


def test_torch_is_imported_only_to_build() -> None:
    script = """
import sys
import numpy as np
from rayzc.spaces import SPACES
rng = np.random.default_rng(0)
for space in SPACES.values():
    architecture = space.sample(rng)
    space.key(space.mutate(space.cross_over(architecture, space.sample(rng), rng), rng))
    space.draw(architecture), space.describe(architecture), next(space.enumerate())
assert "torch" not in sys.modules
SPACES["nasbench201"].build((0, 1, 2, 3, 4, 0), depth=1)
assert "torch" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def shifted(number: int) -> Callable[[SearchSpace, Value], tuple[Value, ...]]:
    def neighbours(space: SearchSpace, architecture: Value) -> tuple[Value, ...]:
        return TransBench101Macro.neighbours(space, architecture)[number:]

    return neighbours


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample": lambda self, rng: None}, "sample drew None, which is not a tuple"),
        ({"sample": lambda self, rng: (1, 1, 1, 1)}, "sample drew (1, 1, 1, 1), which validate refuses: "),
        ({"sample": lambda self, rng: (4, 3, 3, 3)}, "sample draws the same from two different generators"),
        (
            {"sample": lambda self, rng: (4, 3, 3, int(rng.integers(1, 5)))},
            "sample drew 4 different elements of 3,256",
        ),
        ({"size": 3255}, "enumerate yields 3,256 elements, size is 3,255"),
        ({"enumerate": lambda self: iter([(4, 3, 3, 3)] * 3256)}, "enumerate yields an element twice"),
        (
            {"neighbours": lambda self, architecture: ()},
            "3,255 elements cannot be reached by way of neighbours",
        ),
        ({"neighbours": shifted(1)}, "does not have it as a neighbour"),
        (
            {"canonical": lambda self, architecture: (4, 3, 3, architecture[3])},
            "key is not the text of its canonical form",
        ),
        ({"canonical": lambda self, architecture: architecture[:2]}, "its canonical form is "),
        ({"cross_over": lambda self, first, second, rng: first[:1]}, "which validate refuses: "),
        ({"mutate": lambda self, architecture, rng: architecture}, "which is not one of its neighbours"),
        ({"cross_over": lambda self, first, second, rng: second}, "cross_over with ()"),
        ({"describe": lambda self, architecture: "two\nlines"}, "describe returned more than one line"),
        ({"draw": lambda self, architecture: ()}, "draw returned nothing"),
        ({"validate": lambda self, architecture: None}, "validate(()) was not refused with a SpaceError"),
        ({"parts": lambda self, architecture: {}}, "has no parts"),
        ({"tasks": {}}, "tasks is empty"),
    ],
)
def test_a_broken_contract_is_named(changes: dict[str, object], message: str) -> None:
    broken = type("Broken", (TransBench101Macro,), changes)()
    with pytest.raises(AssertionError) as error:
        check_space(broken, width=4)
    assert message in str(error.value)


def test_a_space_that_lacks_something_is_told_what() -> None:
    class Empty:
        name = "empty"

    with pytest.raises(AssertionError, match=r"^Empty lacks .*cross_over, depth, describe, draw, encoding, "):
        check_space(Empty())  # type: ignore[arg-type]


def test_a_space_that_does_not_implement_something_is_told_what() -> None:
    class Half(TransBench101Macro):
        draw = SearchSpace.draw
        enumerate = SearchSpace.enumerate

    with pytest.raises(AssertionError, match=r"^Half does not implement enumerate, draw$"):
        check_space(Half())


def test_parts_tell_how_far_apart_two_networks_are() -> None:
    def distance(space: SearchSpace, first: str, second: str) -> int:
        one, other = (space.parts(space.parse(text)) for text in (first, second))
        return (one - other).total() + (other - one).total()

    cells = SPACES["nasbench201"]
    assert distance(cells, "(2, 3, 2, 3, 2, 3)", "(2, 3, 2, 3, 2, 3)") == 0
    assert distance(cells, "(2, 3, 2, 3, 2, 3)", "(2, 3, 2, 3, 2, 2)") == 2
    assert distance(cells, "(2, 1, 1, 1, 0, 1)", "(1, 2, 1, 1, 1, 0)") == 0  # one network
    modules = SPACES["transbench101_macro"]
    assert distance(modules, "(4, 3, 3, 2)", "(4, 3, 3, 2, 1)") == 1
    graphs = SPACES["nasbench101"]  # input -> output, and input -> 3x3 convolution -> output
    assert graphs.parts(graphs.parse("(0, 1, 0, 0, 0, 1)")) == {(0, 1): 1, 0: 1, 1: 1}
    assert distance(graphs, "(0, 1, 0, 0, 0, 1)", "(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 4, 1)") == 4
    darts = NasBench301()
    first = ((0, 0), (1, 0), (0, 0), (1, 0), (0, 0), (1, 0), (0, 0), (1, 0))
    other_operation, swapped = ((0, 1), *first[1:]), ((1, 0), (0, 0), *first[2:])
    assert darts.parts((first, first)) == darts.parts((swapped, first))
    parts = darts.parts((first, first))
    assert parts.total() == 2 * 8 * 2
    assert distance(darts, darts.format((first, first)), darts.format((first, other_operation))) > 0
