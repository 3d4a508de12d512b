"""The options of trainings: recipes, whose fields are each defined once, and the options of `rayzc train`."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, ClassVar

from rayzc.errors import RayzcError, TrainingError
from rayzc.options.flat import Option, group, option
from rayzc.options.option import Options
from rayzc.options.shared import DepthOption, WidthOption

__all__ = ["AUGMENTATIONS", "PRECISIONS", "RECIPES", "Recipe", "RecipeChanges", "TrainOptions"]

# Only the names: the functions need torch, which --help does without. A test compares them with the registry.
AUGMENTATIONS = ("brightness", "crop", "cutout", "flip", "shift")
PRECISIONS = ("full", "mixed")

EPOCHS = option("Number of epochs: how often each training image is shown.", low=1, high=100_000)
BATCH_SIZE = option("Number of images per optimiser step.", low=2, high=65_536)
LEARNING_RATE = option(
    "Highest learning rate; after the warm-up, it falls to 0 along a cosine, step by step.", above=0, high=100
)
MOMENTUM = option("Momentum of the optimiser, stochastic gradient descent.", low=0, high=0.999)
WEIGHT_DECAY = option("Weight decay.", low=0, high=1)
NESTEROV = option("Use Nesterov momentum.", hidden=True)
WARMUP = option("Number of epochs in which the learning rate first rises from 0.", low=0, high=100_000)
LABEL_SMOOTHING = option(
    "Share of each label to spread evenly over all classes.", low=0, high=0.999, hidden=True
)
AUGMENT = option(
    "Random changes to training images, applied in the order given.", choices=AUGMENTATIONS, commas=True
)
CUTOUT = option(
    "Side in pixels of the square that the augmentation cutout blanks in each image.", low=1, high=4096
)
DROP_PATH = option(
    "Probability of dropping the output of an operation for an image; it rises linearly from 0 to this value. Only for "
    "networks with cells of operations.",
    low=0,
    high=0.99,
)
AUXILIARY = option(
    "Weight of the loss of an auxiliary classifier at two thirds of the depth; 0 for none. Only for networks of "
    "nasbench301.",
    low=0,
    high=10,
)
CLIP = option("Maximum norm of the gradient; longer gradients are clipped. 0 for no limit.", low=0, high=1e6)
PRECISION = option(
    "Floating-point precision on a GPU: full is float32, mixed also uses 16 bits where that is safe;",
    choices=PRECISIONS,
)


class Recipe(Options, frozen=True, kw_only=True):
    """How a network is trained: stochastic gradient descent with momentum and a learning rate that falls to 0.

    Raises:
        TrainingError: a value is out of its range, the warm-up does not end before the training does, or Nesterov
            momentum has no momentum.
    """

    error: ClassVar[type[RayzcError]] = TrainingError
    title: ClassVar[str] = "Recipe"

    epochs: Annotated[int, EPOCHS] = 20
    batch_size: Annotated[int, BATCH_SIZE] = 64
    learning_rate: Annotated[float, LEARNING_RATE] = 0.1
    momentum: Annotated[float, MOMENTUM] = 0.9
    weight_decay: Annotated[float, WEIGHT_DECAY] = 0.0005
    nesterov: Annotated[bool, NESTEROV] = False
    warmup: Annotated[int, WARMUP] = 0
    label_smoothing: Annotated[float, LABEL_SMOOTHING] = 0.0
    augment: Annotated[tuple[str, ...], AUGMENT] = ()
    cutout: Annotated[int, CUTOUT] = 4
    drop_path: Annotated[float, DROP_PATH] = 0.0
    auxiliary: Annotated[float, AUXILIARY] = 0.0
    clip: Annotated[float, CLIP] = 0.0
    precision: Annotated[str, PRECISION] = "full"

    def __post_init__(self) -> None:
        """Checks the fields, each and together."""
        super().__post_init__()
        if self.warmup >= self.epochs and self.warmup:
            raise TrainingError(
                f"warmup is {self.warmup} and epochs is {self.epochs}: the warm-up must end before the training does"
            )
        if self.nesterov and not self.momentum:
            raise TrainingError(
                "nesterov is true and momentum is 0: Nesterov momentum needs a positive momentum"
            )

    def check_side(self, side: int) -> None:
        """Checks that the recipe can be used on images of this height and width.

        Args:
            side: the smaller of height and width, in pixels.

        Raises:
            TrainingError: the augmentation cutout would blank whole images.
        """
        if "cutout" in self.augment and self.cutout >= side:
            raise TrainingError(
                f"cutout is {self.cutout}, which blanks whole images of {side} pixels: set cutout to a smaller "
                f"number of pixels, such as {max(1, side // 2)}"
            )


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        # For small networks on small images.
        "quick": Recipe(),
        # The evaluation phase of Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019
        # (https://arxiv.org/abs/1806.09055), section A.2: the usual recipe for a full training on CIFAR-10.
        "darts": Recipe(
            epochs=600,
            batch_size=96,
            learning_rate=0.025,
            momentum=0.9,
            weight_decay=0.0003,
            augment=("crop", "flip", "cutout"),
            cutout=16,
            drop_path=0.2,
            auxiliary=0.4,
            clip=5.0,
        ),
    }
)
"""Recipes by name."""


def _changed(about: Option) -> Option:
    return replace(about, default="as in the recipe")


class RecipeChanges(Options, frozen=True, kw_only=True):
    """Changes to the fields of a recipe; None for no change."""

    error: ClassVar[type[RayzcError]] = TrainingError
    title: ClassVar[str] = "Changes to the recipe"

    epochs: Annotated[int | None, _changed(EPOCHS)] = None
    batch_size: Annotated[int | None, _changed(BATCH_SIZE)] = None
    learning_rate: Annotated[float | None, _changed(LEARNING_RATE)] = None
    momentum: Annotated[float | None, _changed(MOMENTUM)] = None
    weight_decay: Annotated[float | None, _changed(WEIGHT_DECAY)] = None
    nesterov: Annotated[bool | None, _changed(NESTEROV)] = None
    warmup: Annotated[int | None, _changed(WARMUP)] = None
    label_smoothing: Annotated[float | None, _changed(LABEL_SMOOTHING)] = None
    augment: Annotated[tuple[str, ...] | None, _changed(AUGMENT)] = None
    cutout: Annotated[int | None, _changed(CUTOUT)] = None
    drop_path: Annotated[float | None, _changed(DROP_PATH)] = None
    auxiliary: Annotated[float | None, _changed(AUXILIARY)] = None
    clip: Annotated[float | None, _changed(CLIP)] = None
    precision: Annotated[str | None, _changed(PRECISION)] = None

    def applied_to(self, recipe: Recipe) -> Recipe:
        """The recipe with these changes.

        Raises:
            TrainingError: the recipe with the changes is not valid, see :class:`Recipe`.
        """
        changes = {name: getattr(self, name) for name in self.__struct_fields__}
        return recipe.replaced(**{name: value for name, value in changes.items() if value is not None})


class TrainOptions(Options, frozen=True, kw_only=True):
    """The options of a run of trainings."""

    error: ClassVar[type[RayzcError]] = TrainingError
    title: ClassVar[str] = "How to train"

    recipe: Annotated[
        str,
        option(
            "Recipe: quick for small networks on small images, darts for a full training as on CIFAR-10;",
            choices=tuple(RECIPES),
        ),
    ] = "quick"
    changes: Annotated[RecipeChanges, group("Changes to the recipe")] = RecipeChanges()
    seed: Annotated[
        int,
        option(
            "Seed of the first training of each network; the other trainings use the seeds that follow.",
            low=0,
            high=2**32 - 1,
        ),
    ] = 0
    seeds: Annotated[
        int,
        option("Number of trainings of each network, each with its own seed.", low=1, high=1_000),
    ] = 1
    shortlist: Annotated[
        int,
        option(
            "Number of architectures to train for each problem of a run of searches, best first.",
            low=1,
            high=10,
        ),
    ] = 1
    width: WidthOption = None
    depth: DepthOption = None
    test_share: Annotated[
        float,
        option(
            "Share of the images to test on, if the data have no separate test images; the seed of the first training "
            "draws them.",
            above=0,
            high=0.9,
            panel="Images",
        ),
    ] = 0.2
    image_size: Annotated[
        int | None,
        option(
            "Height and width in pixels to scale the images of a folder or data set to.",
            low=1,
            high=4096,
            default="their own",
            panel="Images",
        ),
    ] = None
    datasets: Annotated[str, option("Folder of torchvision's data sets.", hidden=True)] = "data"
    give_up: Annotated[
        int | None,
        option(
            "End a training that is no better than guessing after this many epochs, not counting the warm-up.",
            low=1,
            default="never",
        ),
    ] = None
    device: Annotated[
        str | None,
        option(
            "Device that all trainings use (the last digits of results depend on it).",
            choices=("cpu", "cuda"),
            default="cuda if the cluster has GPUs",
            panel="Resources",
        ),
    ] = None
    cpus: Annotated[
        float,
        option(
            "Number of CPUs that a training reserves, and of threads that it computes in.",
            above=0,
            high=1024,
            panel="Resources",
        ),
    ] = 1.0
    gpus: Annotated[
        float,
        option(
            "Number of GPUs that a training reserves on cuda, such as 0.25; a fraction also limits its GPU memory.",
            above=0,
            high=1,
            panel="Resources",
        ),
    ] = 1.0
    time_limit: Annotated[
        float | None,
        option(
            "Stop all trainings after this running time, such as 90s, 3m or 1h30m; a resumed run continues them.",
            panel="When to stop",
            above=0,
            duration=True,
            default="none",
            metavar="TIME",
        ),
    ] = None

    @property
    def effective_recipe(self) -> Recipe:
        """The recipe with the changes.

        Raises:
            TrainingError: the recipe with the changes is not valid, see :class:`Recipe`.
        """
        return self.changes.applied_to(RECIPES[self.recipe])
