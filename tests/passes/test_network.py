from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from rayzc.errors import ProxyError
from rayzc.passes.network import (
    blocks,
    class_count,
    couples_images,
    has_loose_weights,
    images_first,
    layers,
    relus,
)
from rayzc.passes.outputs import as_columns, logits_of, taken_from
from rayzc.passes.wrappers import plain_network
from rayzc.spaces import build
from tests.proxies.nets import Chain, Unnormed, normed


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(*normed(4, 4), nn.ReLU())


def test_blocks_of_a_cell_network() -> None:
    network = build("nasbench201", "(4, 3, 3, 3, 2, 3)", depth=2, width=4)
    names = [type(block).__name__ for block in blocks(network)]
    assert (
        names
        == ["Sequential", *["EdgeCell"] * 2, "ReductionBlock", *["EdgeCell"] * 2, "ReductionBlock"]
        + ["EdgeCell"] * 2
    )


def test_blocks_within_containers_and_wrappers() -> None:
    stages = nn.ModuleDict({"one": nn.ModuleList([Residual(), Residual()]), "two": Residual()})
    model = nn.Sequential(normed(3, 4), stages, nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()), nn.Linear(4, 2))
    found = blocks(model)
    assert [type(block).__name__ for block in found] == ["Sequential", "Residual", "Residual", "Residual"]
    wrapper = nn.Module()
    wrapper.add_module("model", model)
    assert blocks(wrapper) == found


def test_blocks_of_a_flat_network_are_its_convolutions() -> None:
    assert all(isinstance(block, nn.Conv2d) for block in blocks(Unnormed()))
    assert len(blocks(Unnormed())) == 2


def test_tied_and_computed_weights() -> None:
    model = nn.Sequential(
        nn.Linear(3, 3), nn.Linear(3, 3), nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))
    )
    model[1].weight = model[0].weight
    assert [layer.weight for layer in layers(model)] == ["0.weight", "0.weight"]
    plain = plain_network(model)
    assert [layer.weight for layer in layers(plain)] == ["0.weight", "0.weight", "2.weight"]
    assert torch.equal(plain.get_parameter("2.weight"), model[2].weight)
    assert type(model[2]).__name__ == "ParametrizedLinear"


def test_relus_by_the_name_of_their_class() -> None:
    model = nn.Sequential(nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(), nn.GELU(), nn.Sequential(nn.PReLU()))

    class ReLUConv(nn.Sequential):
        """A container with ReLU in its name is none."""

    model.append(ReLUConv(nn.Conv2d(1, 1, 1)))
    assert [type(module).__name__ for module in relus(model)] == ["ReLU", "ReLU6", "LeakyReLU", "PReLU"]


@pytest.mark.parametrize(
    ("norm", "coupled"),
    [
        (nn.BatchNorm2d(3), True),
        (nn.SyncBatchNorm(3), True),
        (nn.GroupNorm(1, 3), False),
        (nn.Dropout(), False),
    ],
)
def test_what_couples_images(norm: nn.Module, coupled: bool) -> None:
    assert couples_images(nn.Sequential(norm)) is coupled


def test_class_count() -> None:
    assert class_count(Chain(), None) == 10
    assert class_count(nn.Conv2d(1, 1, 1), torch.tensor([0, 4])) == 5
    assert class_count(nn.Conv2d(1, 1, 1), None) is None


FEATURES, LOGITS, MAPS = torch.zeros(4, 64), torch.ones(4, 10), torch.zeros(4, 3, 2, 2)


@pytest.mark.parametrize(
    "output",
    [
        LOGITS,
        (FEATURES, LOGITS),
        (LOGITS, FEATURES),
        [MAPS, LOGITS],
        {"features": FEATURES, "logits": LOGITS},
        (MAPS, {"heads": [torch.zeros(4, dtype=torch.long), LOGITS]}),
    ],
)
def test_logits_of(output: Any) -> None:
    assert logits_of(output, 4, 10) is LOGITS


def test_logits_of_unknown_classes_are_the_narrowest_and_a_note_says_so() -> None:
    found, note = taken_from((MAPS, FEATURES, LOGITS), 4, ())
    assert found is LOGITS
    assert "with 10, 64 columns: the one with 10 was taken" in note


@pytest.mark.parametrize(
    ("output", "classes", "noted"),
    [
        ((FEATURES, LOGITS), (10,), False),
        ((FEATURES, LOGITS), (10, 64), False),
        ((FEATURES, LOGITS), (64, 10), True),
        ({"hidden_states": (FEATURES,), "logits": LOGITS}, (64,), False),
        ({"embedding": FEATURES, "x": LOGITS}, (64,), False),
        (SimpleNamespace(logits=LOGITS, aux_logits=LOGITS + 1), (), False),
        ({"prediction": LOGITS, "pooler_output": FEATURES}, (64,), False),
    ],
)
def test_names_come_first_and_features_are_never_taken(
    output: Any, classes: tuple[int, ...], noted: bool
) -> None:
    found, note = taken_from(output, 4, classes)
    assert found is LOGITS
    assert bool(note) is noted


def test_a_label_needs_a_column() -> None:
    boxes = torch.zeros(4, 4)
    assert taken_from((boxes, LOGITS, FEATURES), 4, (64, 4, 10), least=8)[0] is LOGITS


def test_maps_and_tokens_are_averaged_unless_there_are_labels_for_all() -> None:
    maps, tokens = torch.rand(4, 10, 3, 2), torch.rand(4, 6, 10)
    found, note = as_columns(maps, torch.arange(4), (10,))
    assert torch.equal(found, maps.flatten(2).mean(2))
    assert note == "the network's outputs are averaged over their positions"
    found, note = as_columns(tokens, torch.arange(4), (10,))
    assert torch.equal(found, tokens.transpose(1, 2).mean(2))
    assert note.endswith("over their tokens")
    assert as_columns(maps, torch.zeros(4, 3, 2), (10,)) == (maps, "")
    assert torch.equal(as_columns(tokens, torch.zeros(4, 6), (10,))[0], tokens.transpose(1, 2))
    assert as_columns(torch.zeros(4), None, ())[0].shape == (4, 1)


def test_loose_weights() -> None:
    assert not has_loose_weights(nn.Sequential(nn.Conv2d(3, 4, 1), nn.LayerNorm((2, 2)), nn.LSTM(3, 4)))
    assert has_loose_weights(nn.MultiheadAttention(4, 2))


def test_where_the_images_are() -> None:
    assert images_first(torch.zeros(8, 3), 4) is not None
    assert images_first(torch.zeros(7, 3), 4) is None
    tokens = images_first(torch.zeros(7, 4, 3), 4)
    assert tokens is not None
    assert tokens.shape == (4, 7, 3)
    first = images_first(torch.zeros(8, 4, 3), 4, sequence_first=True)
    assert first is not None
    assert first.shape == (4, 8, 3)


def test_no_logits() -> None:
    with pytest.raises(ProxyError, match=r"returned a tuple without a tensor of shape \(4 images, classes\)"):
        logits_of((MAPS, "text"), 4, 10)
