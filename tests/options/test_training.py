"""Recipes, and the changes to them."""

import pytest

from rayzc.errors import TrainingError
from rayzc.options import RECIPES, Recipe, RecipeChanges, TrainOptions, flattened


def test_changes_have_the_fields_of_a_recipe() -> None:
    recipe, changes = flattened(Recipe), flattened(RecipeChanges)
    assert tuple(recipe) == tuple(changes)
    for name, flat in recipe.items():
        assert changes[name].default is None
        assert changes[name].about.help == flat.about.help
        assert (changes[name].about.low, changes[name].about.high) == (flat.about.low, flat.about.high)
        assert changes[name].type == flat.type | None


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_document(name: str) -> None:
    recipe = RECIPES[name]
    assert Recipe.from_document(recipe.to_document(), "here") == recipe
    assert TrainOptions(recipe=name).effective_recipe == recipe


def test_the_recipe_of_the_field() -> None:
    """Liu et al. 2019, section A.2, and their code for CIFAR-10."""
    assert RECIPES["darts"] == Recipe(
        epochs=600,
        batch_size=96,
        learning_rate=0.025,
        momentum=0.9,
        weight_decay=3e-4,
        augment=("crop", "flip", "cutout"),
        cutout=16,
        drop_path=0.2,
        auxiliary=0.4,
        clip=5.0,
    )


def test_what_is_given_changes_the_recipe_and_nothing_else() -> None:
    options = TrainOptions(recipe="darts").replaced(epochs=3, augment=(), nesterov=True)
    assert options.effective_recipe == RECIPES["darts"].replaced(epochs=3, augment=(), nesterov=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs is 0; it must lie between 1 and 100,000"),
        ({"learning_rate": 0.0}, "learning_rate is 0; it must be greater than 0"),
        ({"augment": ("flop",)}, r"unknown augment 'flop'; did you mean 'flip'\?"),
        ({"warmup": 20}, "warmup is 20 and epochs is 20: the warm-up must end"),
        ({"nesterov": True, "momentum": 0.0}, "Nesterov momentum needs a positive momentum"),
        ({"precision": "half"}, "unknown precision 'half'; known: full, mixed"),
    ],
)
def test_recipes_that_cannot_be(changes: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        Recipe(**changes)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match=message):
        _ = TrainOptions().replaced(**changes).effective_recipe


def test_a_square_must_be_smaller_than_the_images() -> None:
    recipe = Recipe(augment=("cutout",), cutout=8)
    recipe.check_side(9)
    recipe.replaced(augment=()).check_side(8)
    with pytest.raises(TrainingError, match=r"cutout is 8, which blanks .* 8 pixels: .*such as 4"):
        recipe.check_side(8)
