"""What holds for every registered search space."""

import subprocess
import sys
from collections import Counter
from functools import partial
from itertools import islice

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import nn

from rayzc.errors import SpaceError
from rayzc.spaces import ENCODINGS, SPACES, SearchSpace, build, search_space
from rayzc.spaces.encoding import Value

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


def test_registry_names_the_spaces_of_the_encodings() -> None:
    assert list(SPACES) == list(ENCODINGS)
    for name, space in SPACES.items():
        assert isinstance(space, SearchSpace)
        assert space.name == name == space.encoding.space
        assert search_space(name) is space


def test_an_unknown_space_is_named_with_the_nearest() -> None:
    with pytest.raises(SpaceError, match="no search space 'nasbench202'; did you mean 'nasbench201'"):
        search_space("nasbench202")


def test_samples_are_written_and_read_back(space: SearchSpace) -> None:
    for architecture in samples(space, 100):
        space.validate(architecture)
        assert space.parse(space.format(architecture)) == architecture
        assert hash(architecture) == hash(space.parse(space.format(architecture)))


def test_key_is_the_text_of_the_canonical_architecture(space: SearchSpace) -> None:
    for architecture in samples(space, 30):
        canonical = space.canonical(architecture)
        assert space.key(architecture) == space.format(canonical) == space.key(canonical)


def test_sampling_follows_the_generator(space: SearchSpace) -> None:
    assert samples(space, 20, seed=1) == samples(space, 20, seed=1)
    assert samples(space, 20, seed=1) != samples(space, 20, seed=2)


def test_samples_are_elements_and_spread_over_the_space(space: SearchSpace) -> None:
    drawn = samples(space, 2000)
    if space.size < 10_000:
        assert {*drawn} <= {*space.enumerate()}
    expected = space.size * -np.expm1(2000 * np.log1p(-1 / space.size))
    assert abs(len({*drawn}) - expected) < 6 * np.sqrt(expected)


def test_neighbours_are_distinct_valid_elements_but_the_architecture(space: SearchSpace) -> None:
    for architecture in samples(space, 30):
        neighbours = space.neighbours(architecture)
        assert neighbours == space.neighbours(architecture)
        assert len(neighbours) == len({*neighbours}) > 0
        assert architecture not in neighbours
        for neighbour in neighbours:
            space.validate(neighbour)
        if space.size < 20_000:
            assert {*neighbours} <= {*space.enumerate()}


def test_being_neighbours_is_mutual(space: SearchSpace) -> None:
    for architecture in samples(space, 12):
        for neighbour in space.neighbours(architecture):
            assert architecture in space.neighbours(neighbour)


def test_every_element_is_reached_by_way_of_neighbours(space: SearchSpace) -> None:
    if space.size > 20_000:
        pytest.skip("too many elements; test_nasbench101 looks at the small ones of nasbench101")
    unseen = {*space.enumerate()}
    pending = [unseen.pop()]
    while pending:
        new = unseen.intersection(space.neighbours(pending.pop()))
        unseen -= new
        pending += new
    assert not unseen


def test_mutation_draws_evenly_from_the_neighbours(space: SearchSpace) -> None:
    [architecture] = samples(space, 1)
    rng = np.random.default_rng(0)
    neighbours = space.neighbours(architecture)
    counts = Counter(space.mutate(architecture, rng) for _ in range(20 * len(neighbours)))
    assert {*counts} <= {*neighbours}
    assert chisquare([counts[neighbour] for neighbour in neighbours]).pvalue > 1e-4


def test_crossing_over_gives_elements_and_follows_the_generator(space: SearchSpace) -> None:
    first, second = samples(space, 20), samples(space, 20, seed=1)
    rng, again = np.random.default_rng(0), np.random.default_rng(0)
    children = [space.cross_over(a, b, rng) for a, b in zip(first, second, strict=True)]
    assert children == [space.cross_over(a, b, again) for a, b in zip(first, second, strict=True)]
    for child in children:
        space.validate(child)
    assert {*children} - {*first} - {*second}


def test_crossing_over_an_architecture_with_itself_gives_it(space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    for architecture in samples(space, 10):
        assert space.cross_over(architecture, architecture, rng) == architecture


def test_enumeration_goes_through_all_elements_once(space: SearchSpace) -> None:
    if space.size > 20_000:
        first = list(islice(space.enumerate(), 1000))
        assert len({*first}) == 1000
    else:
        first = list(space.enumerate())
        assert len(first) == len({*first}) == space.size
    for architecture in first:
        space.validate(architecture)
    assert first == list(islice(space.enumerate(), len(first)))


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


def test_drawings_show_all_nodes_and_edges(space: SearchSpace) -> None:
    for architecture in samples(space, 5):
        for drawing in space.draw(architecture):
            text, dot = drawing.text(), drawing.dot()
            assert text.startswith(f"{drawing.title}\n")
            assert text.count("◀──") == dot.count(" -> ") == len(drawing.edges)
            for edge in drawing.edges:
                assert 0 <= edge.start < edge.end < len(drawing.nodes)
            assert "\n" not in space.describe(architecture)


def test_networks_give_logits_and_features(space: SearchSpace) -> None:
    for architecture in samples(space, 3):
        network = space.build(architecture, classes=7, input_size=32, width=SMALL[space.name], depth=1)
        assert network.training
        assert network.input_shape == (3, 32, 32)
        images = torch.randn(2, 3, 32, 32)
        logits, features = network(images), network.forward_features(images)
        assert logits.shape == (2, 7)
        assert features.ndim == 4
        assert features.shape[:2] == (2, network.classifier.in_features)
        network.eval()
        torch.testing.assert_close(network(images), network.forward_head(network.forward_features(images)))


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


def test_gradients_reach_the_input_and_every_weight(space: SearchSpace) -> None:
    """Also through `none` edges, as zeros: a proxy needs no special case for a part that is cut off."""
    for architecture in samples(space, 5):
        network = space.build(architecture, input_size=16, width=SMALL[space.name], depth=1)
        images = torch.randn(2, 3, 16, 16, requires_grad=True)
        network(images).sum().backward()
        assert images.grad is not None
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name


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
