"""What is connected to what: the networks' functions, beyond what they cost."""

import json
from ast import literal_eval
from pathlib import Path

import pytest
import torch
from torch import nn

from rayzc.spaces import SPACES
from rayzc.spaces.blocks import EdgeCell, FactorizedReduce
from rayzc.spaces.nasbench101.network import Cell, NasBench101Network, vertex_channels
from rayzc.spaces.nasbench201.network import NasBench201Network
from rayzc.spaces.nasbench301.network import Cell as DartsCell
from rayzc.spaces.nasbench301.network import NasBench301Network
from rayzc.spaces.transbench101.network import TransBench101MacroNetwork, TransBench101MicroNetwork


@pytest.mark.parametrize(
    ("codes", "factor"),
    [
        ((0, 0, 0, 0, 0, 0), 4),
        ((1, 1, 0, 1, 1, 1), 1),
        ((0, 1, 1, 1, 0, 1), 1),
        ((1, 0, 1, 1, 1, 0), 1),
        ((0, 1, 1, 0, 1, 0), 1),
        ((0, 0, 1, 0, 1, 0), 2),
        ((0, 0, 1, 1, 1, 1), 0),
        ((1, 1, 1, 0, 0, 0), 0),
    ],
)
def test_edges_of_nasbench201_are_listed_by_their_start(codes: tuple[int, ...], factor: int) -> None:
    """Skip connections alone make a cell multiply its input by the number of paths through it."""
    network = NasBench201Network(codes, width=4, depth=1)
    cell = next(module for module in network.modules() if isinstance(module, EdgeCell))
    images = torch.randn(2, 4, 6, 6)
    torch.testing.assert_close(cell(images), factor * images)


@pytest.mark.parametrize(
    ("codes", "factor"),
    [
        ((1, 1, 1, 1, 1, 1), 4),
        ((0, 0, 0, 1, 0, 0), 1),
        ((1, 0, 0, 0, 1, 0), 1),
        ((0, 1, 0, 0, 0, 1), 1),
        ((1, 0, 1, 0, 0, 1), 1),
        ((1, 1, 1, 0, 0, 1), 2),
        ((1, 1, 1, 0, 0, 0), 0),
        ((0, 0, 1, 0, 1, 1), 0),
    ],
)
def test_edges_of_the_micro_space_are_listed_by_their_end(codes: tuple[int, ...], factor: int) -> None:
    network = TransBench101MicroNetwork(codes, width=4, depth=2)
    cells = [module for module in network.modules() if isinstance(module, EdgeCell)]
    assert len(cells) == 10
    images = torch.randn(2, 8, 6, 6)
    torch.testing.assert_close(cells[1](images), factor * images)
    reduced = cells[0](torch.randn(2, 4, 6, 6))
    assert reduced.shape == (2, 8, 3, 3)
    assert bool(reduced.any()) == (factor > 0)


def test_skips_out_of_the_input_reduce_in_the_micro_space() -> None:
    network = TransBench101MicroNetwork((1, 1, 1, 1, 1, 1), width=4, depth=2)
    cells = [module for module in network.modules() if isinstance(module, EdgeCell)]
    kinds = [[type(operation) for operation in cell.operations] for cell in cells]
    reduce, skip = FactorizedReduce, nn.Identity
    assert kinds[0] == kinds[4] == kinds[8] == [reduce, reduce, skip, reduce, skip, skip]
    assert all(kind == [skip] * 6 for place, kind in enumerate(kinds) if place not in (0, 4, 8))


@pytest.mark.parametrize(
    ("modules", "channels", "side"),
    [
        ((4, 1, 4, 1, 4), 512, 8),
        ((1, 2, 3, 1), 128, 32),
        ((2, 2, 2, 3, 3, 3), 512, 8),
        ((4, 3, 3, 3), 128, 4),
    ],
)
def test_modules_of_the_macro_space_double_and_halve(
    modules: tuple[int, ...], channels: int, side: int
) -> None:
    network = TransBench101MacroNetwork(modules, width=8).eval()
    features = network.forward_features(torch.randn(1, 3, 256, 256))
    assert features.shape == (1, channels * 8 // 64, side, side)


def test_vertices_share_the_channels_of_the_output() -> None:
    """Three vertices before the output share 128 channels; those before them have the widest's."""
    matrix = ((0, 1, 1, 0, 0, 0), (0, 0, 0, 1, 1, 0), (0, 0, 0, 0, 1, 1), *[(0, 0, 0, 0, 0, 1)] * 2, (0,) * 6)
    assert vertex_channels(matrix, 64, 128) == [64, 43, 43, 43, 42, 128]
    assert vertex_channels(((0, 1), (0, 0)), 64, 128) == [64, 128]


def test_a_cell_of_nasbench101_computes_its_graph() -> None:
    """With a vertex that takes the first of the channels before it, and the input added to the output."""
    matrix = ((0, 1, 0, 0, 1), (0, 0, 1, 1, 0), (0, 0, 0, 0, 1), (0, 0, 0, 0, 1), (0, 0, 0, 0, 0))
    cell = Cell(matrix, (0, 4, 2, 3, 1), 4, 7).eval()
    assert cell.channels == [4, 4, 4, 3, 7]
    images = torch.randn(2, 4, 5, 5)
    conv_3x3, pool, conv_1x1 = cell.operations
    one = conv_3x3(cell.projections["1"](images))
    joined = torch.cat([pool(one), conv_1x1(one[:, :3])], 1)
    torch.testing.assert_close(cell(images), joined + cell.projections["4"](images))
    assert isinstance(pool, nn.MaxPool2d)
    assert (conv_3x3[0].kernel_size, conv_1x1[0].kernel_size) == ((3, 3), (1, 1))


def test_the_smallest_cell_of_nasbench101_is_a_projection() -> None:
    cell = Cell(((0, 1), (0, 0)), (0, 1), 4, 6).eval()
    images = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(cell(images), cell.projections["1"](images))


def test_stacks_of_nasbench101_halve_and_double() -> None:
    network = NasBench101Network(((0, 1), (0, 0)), (0, 1), width=4, depth=2).eval()
    assert network.forward_features(torch.randn(1, 3, 32, 32)).shape == (1, 16, 8, 8)
    assert [layer.channels for layer in network.layers if isinstance(layer, Cell)] == [
        [4, 4],
        [4, 4],
        [4, 8],
        [8, 8],
        [8, 16],
        [16, 16],
    ]
    assert abs(network.classifier.weight.std().item() - 0.01) < 0.005
    assert not network.classifier.bias.any()


NORMAL = ((0, 2), (1, 2), (1, 2), (2, 2), (2, 2), (3, 2), (0, 2), (4, 2))
"""Skip connections only."""


def test_a_darts_cell_sums_two_edges_a_node_and_concatenates() -> None:
    cell = DartsCell(NORMAL, 6, 8, 4, reduction=False, after_reduction=False).eval()
    older, newer = torch.randn(2, 6, 5, 5), torch.randn(2, 8, 5, 5)
    first, second = cell.preprocess_older(older), cell.preprocess_newer(newer)
    two = first + second
    three = second + two
    four = two + three
    torch.testing.assert_close(cell(older, newer), torch.cat([two, three, four, first + four], 1))


def test_a_darts_reduction_halves_what_comes_from_outside() -> None:
    cell = DartsCell(NORMAL, 6, 8, 4, reduction=True, after_reduction=False)
    halves = [isinstance(operation, FactorizedReduce) for operation in cell.operations]
    assert halves == [source < 2 for source, _ in NORMAL]
    after = DartsCell(NORMAL, 6, 8, 4, reduction=False, after_reduction=True).eval()
    assert after(torch.randn(1, 6, 8, 8), torch.randn(1, 8, 4, 4)).shape == (1, 16, 4, 4)


def test_cells_of_nasbench301_follow_each_other() -> None:
    network = NasBench301Network(NORMAL, NORMAL, width=4, depth=2)
    reduce = [any(isinstance(op, FactorizedReduce) for op in cell.operations) for cell in network.cells]
    after = [isinstance(cell.preprocess_older, FactorizedReduce) for cell in network.cells]
    assert reduce == [False, False, True, False, False, True, False, False]
    assert after == [False, False, False, True, False, False, True, False]
    assert network.eval().forward_features(torch.randn(1, 3, 32, 32)).shape == (1, 64, 8, 8)


@pytest.mark.parametrize("name", ["nasbench201", "transbench101_micro"])
def test_networks_without_connection_are_those_that_learned_nothing(name: str, nbsz_path: Path) -> None:
    """The recorded accuracy is that of guessing exactly if the output does not depend on the image.

    All of the unconnected networks are looked at, and some of the others. This is what settles the order of the
    edges and the meaning of the codes in both spaces.
    """
    path = nbsz_path / f"zc_{name}.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    entries = next(iter(json.loads(path.read_text()).values()))
    accuracies = {encoding: entry["val_accuracy"] for encoding, entry in entries.items()}
    guess = min(accuracies.values())
    guessing = [encoding for encoding, accuracy in accuracies.items() if accuracy == guess]
    others = [encoding for encoding, accuracy in accuracies.items() if accuracy > guess]
    assert len(guessing) == {"nasbench201": 341, "transbench101_micro": 169}[name]
    torch.manual_seed(0)
    images = torch.randn(2, 3, 32, 32)
    for encodings, constant in ((guessing, True), (others[:: len(others) // 150], False)):
        for encoding in encodings:
            network = SPACES[name].build(literal_eval(encoding), input_size=32, width=8, depth=1).eval()
            with torch.no_grad():
                features = network.forward_features(images)
            assert torch.equal(features[0], features[1]) == constant, encoding
