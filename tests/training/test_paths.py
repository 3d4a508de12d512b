"""Drop path and the auxiliary head, and the recipe that has both."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from rayzc.options import RECIPES
from rayzc.spaces.blocks import Zero
from rayzc.training import Epoch, Training, train_network
from rayzc.training.paths import AuxiliaryHead, DropPath, auxiliary_head, droppable
from tests.training import samples


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def darts(side: int = 8, width: int = 4) -> nn.Module:
    return samples.built("nasbench301", samples.DARTS, width, side=side)


def test_what_may_be_dropped() -> None:
    operations = droppable(darts())
    # Five cells of eight edges; the identities are the skip connections at stride 1: one in a normal cell, of which
    # there are three, and that from a node in each of the two reduction cells.
    assert not any(isinstance(operation, nn.Identity) for operation in operations)
    assert len(operations) == 5 * 8 - 3 - 2
    cells = droppable(samples.built("nasbench201", "(0, 1, 2, 3, 4, 2)", 4))
    assert len(cells) == 3 * 4
    assert not any(isinstance(operation, (nn.Identity, Zero)) for operation in cells)
    assert droppable(samples.built("transbench101_macro", "(1, 2, 3, 4)", 4)) == ()


def test_single_images_are_dropped_and_the_others_scaled() -> None:
    operation = nn.ReLU()
    dropping = DropPath([operation])
    images = torch.rand(400, 2, 3, 3, generator=drawn()) + 1
    assert torch.equal(operation(images), images)
    dropping.probability, dropping.generator = 0.25, drawn(1)
    found = operation(images)
    ratio = (found / images).flatten(1)
    assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio))
    assert sorted(set(ratio[:, 0].mul(3).round().tolist())) == [0, 4]
    assert 60 < (ratio[:, 0] == 0).sum() < 140
    assert torch.equal(operation.eval()(images), images)
    dropping.remove()
    assert torch.equal(operation.train()(images), images)


@pytest.mark.parametrize("side", [4, 8, 12, 16, 20, 32])
def test_the_auxiliary_head_reads_the_second_reduction_cell(side: int) -> None:
    network = darts(side)
    head = auxiliary_head(network, (3, side, side), 3, drawn())
    assert isinstance(head, AuxiliaryHead)
    network.train()(torch.rand(5, 3, side, side, generator=drawn()))
    assert head().shape == (5, 3)
    # Of five cells it is the fourth, the second reduction: four nodes of four times the width.
    assert head.features[2].in_channels == 4 * 4 * 4
    assert head.classifier.in_features == 768
    if side == 32:
        assert (head.features[1].kernel_size, head.features[1].stride) == (5, 3)


def test_the_head_is_no_part_of_the_network() -> None:
    network, twin = darts(), darts()
    before = [value.clone() for value in network.state_dict().values()]
    head = auxiliary_head(network, (3, 8, 8), 3, drawn())
    assert head is not None
    assert network.training
    assert network.state_dict().keys() == twin.state_dict().keys()
    assert all(torch.equal(a, b) for a, b in zip(before, network.state_dict().values(), strict=True))
    head.remove()
    images = torch.rand(2, 3, 8, 8, generator=drawn())
    assert torch.equal(network.eval()(images), twin.eval()(images))


def test_heads_of_one_seed_are_the_same() -> None:
    heads = [auxiliary_head(darts(), (3, 8, 8), 3, drawn(seed)) for seed in (0, 0, 1)]
    first, second, third = (list(head.parameters())[0] for head in heads if head is not None)
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_other_spaces_have_no_place_for_a_head() -> None:
    assert auxiliary_head(samples.cell(), (3, 8, 8), 3, drawn()) is None


def test_the_loss_of_the_head_counts_by_its_weight() -> None:
    data = samples.data()
    recipe = RECIPES["darts"].replaced(cutout=4, auxiliary=0.4)
    with Training(darts(), data, recipe, seed=0, device="cpu") as training:
        training._network.train()
        logits, loss = training._loss(data.images, data.labels)
        head = training._head
        assert head is not None
        training._network(data.images)
        beside = cross_entropy(head(), data.labels)
    alone = cross_entropy(logits, data.labels)
    assert loss.item() == pytest.approx(alone.item() + 0.4 * beside.item(), rel=1e-4)
    assert beside.item() > 0.1


def test_two_epochs_of_the_recipe_of_darts() -> None:
    """All of it is at work: the probability of dropping rises, and the head learns along."""
    recipe = RECIPES["darts"].replaced(epochs=2, cutout=4)
    assert (recipe.batch_size, recipe.learning_rate, recipe.momentum) == (96, 0.025, 0.9)
    assert (recipe.weight_decay, recipe.clip, recipe.drop_path, recipe.auxiliary) == (0.0003, 5, 0.2, 0.4)
    assert recipe.augment == ("crop", "flip", "cutout")
    assert (RECIPES["darts"].epochs, RECIPES["darts"].cutout) == (600, 16)
    probabilities = []
    with Training(darts(), samples.data(120), recipe, seed=0, device="cpu") as training:
        head = training._head
        assert head is not None
        before = head.classifier.weight.detach().clone()
        for _ in range(2):
            training.advance()
            probabilities.append(training._drop_path.probability)
        assert not torch.equal(head.classifier.weight, before)
        found = training.result()
    assert probabilities == pytest.approx([0, 0.1])
    assert found.notes == ()
    assert found.epochs == 2
    heard: list[Epoch] = []
    again = train_network(darts(), samples.data(120), recipe, seed=0, device="cpu", report=heard.append)
    assert again.losses == found.losses
    without = train_network(darts(), samples.data(120), recipe.replaced(drop_path=0.0), seed=0, device="cpu")
    assert without.losses[0] == found.losses[0]
    assert without.losses[1] != found.losses[1]
