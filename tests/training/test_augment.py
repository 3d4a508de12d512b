from typing import Any

import pytest
import torch
from torch import Tensor

from rayzc.errors import TrainingError
from rayzc.options import Recipe
from rayzc.options.training import AUGMENTATIONS as NAMES
from rayzc.training.augment import AUGMENTATIONS, augmented, brightness, crop, cutout, flip, shift

RECIPE = Recipe(cutout=4)


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    """Forty different images of 16 by 16 pixels, none of which is 0 anywhere."""
    return torch.rand(40, 3, 16, 16, generator=drawn(9)) + 1


def test_the_options_know_the_registry() -> None:
    assert tuple(sorted(AUGMENTATIONS)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_contract(name: str, images: Tensor) -> None:
    before, state = images.clone(), torch.random.get_rng_state()
    found = AUGMENTATIONS[name](images, drawn(1), RECIPE)
    assert found.shape == images.shape
    assert found.dtype == images.dtype
    assert torch.equal(images, before)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(found, AUGMENTATIONS[name](images, drawn(1), RECIPE))
    assert not torch.equal(found, AUGMENTATIONS[name](images, drawn(2), RECIPE))


def test_flip_mirrors_about_half(images: Tensor) -> None:
    found = flip(images, drawn(), RECIPE)
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(found, images, strict=True)]
    same = [torch.equal(a, b) for a, b in zip(found, images, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 10 < sum(mirrored) < 30


def moves(found: Tensor, image: Tensor, fill: Any) -> list[tuple[int, int]]:
    """By how much an image was moved, down and to the right."""
    padded = torch.nn.functional.pad(image[None], (2, 2, 2, 2), **fill)[0]
    return [
        (2 - top, 2 - left)
        for top in range(5)
        for left in range(5)
        if torch.equal(found, padded[:, top : top + 16, left : left + 16])
    ]


@pytest.mark.parametrize(("function", "fill"), [(crop, {"mode": "constant"}), (shift, {"mode": "replicate"})])
def test_images_move_by_up_to_an_eighth(function: Any, fill: Any, images: Tensor) -> None:
    found = function(images, drawn(), RECIPE)
    moved = [moves(a, b, fill) for a, b in zip(found, images, strict=True)]
    assert all(len(places) == 1 for places in moved)
    assert {down for ((down, _),) in moved} == {-2, -1, 0, 1, 2}
    assert {right for ((_, right),) in moved} == {-2, -1, 0, 1, 2}


def test_cutout_blanks_a_square(images: Tensor) -> None:
    found = cutout(images, drawn(), RECIPE)
    for after, before in zip(found, images, strict=True):
        blank = (after == 0).all(0)
        rows, columns = blank.any(1).nonzero().flatten(), blank.any(0).nonzero().flatten()
        assert 2 <= len(rows) <= 4
        assert 2 <= len(columns) <= 4
        assert blank.sum() == len(rows) * len(columns)
        assert rows.diff().eq(1).all()
        assert columns.diff().eq(1).all()
        assert torch.equal(after[:, ~blank], before[:, ~blank])
    assert any((after == 0).all(0).sum() == 16 for after in found)


def test_brightness_adds_a_number_to_each_image(images: Tensor) -> None:
    added = brightness(images, drawn(), RECIPE) - images
    numbers = added.flatten(1)
    assert torch.allclose(numbers, numbers[:, :1].expand_as(numbers), atol=1e-5)
    assert numbers[:, 0].abs().max() <= 0.2
    assert numbers[:, 0].std() > 0.05


def test_several_in_turn(images: Tensor) -> None:
    generator = drawn(4)
    expected = cutout(flip(images, generator, RECIPE), generator, RECIPE)
    assert torch.equal(augmented(images, ("flip", "cutout"), drawn(4), RECIPE), expected)
    assert augmented(images, (), drawn(4), RECIPE) is not None


def test_patches_are_changed_independently(images: Tensor) -> None:
    patches = images.view(10, 4, 3, 16, 16)
    found = augmented(patches, ("crop",), drawn(), RECIPE)
    assert found.shape == patches.shape
    assert torch.equal(found.flatten(0, 1), crop(images, drawn(), RECIPE))


def test_a_name_that_is_not_known(images: Tensor) -> None:
    with pytest.raises(TrainingError, match=r"no augmentation 'flop'; did you mean 'flip'\?"):
        augmented(images, ("flop",), drawn(), RECIPE)
