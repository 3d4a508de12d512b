"""A benchmark: how the networks of a suite are built, shown images and trained.

The suites of others have none: what their tables hold was measured elsewhere. A suite that rayzc has built carries its
benchmark, so that networks that are not in its tables can be measured, and trained, as those in them were.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SpaceError, SuiteError, nearest
from rayzc.problems.chance import shuffled
from rayzc.problems.images import ImageSet, check_images, fingerprint_of, read_only
from rayzc.spaces.registry import SPACES, search_space
from rayzc.spaces.space import Task

__all__ = ["Benchmark", "Derivation", "ImageTask", "Shapes"]


@dataclass(frozen=True, eq=False, slots=True)
class Derivation:
    """How a task was made of an image set; :func:`rayzc.problems.derivations.derive` makes it again.

    Attributes:
        images: the image set.
        kind: one of :data:`rayzc.problems.derivations.KINDS`.
        parameters: of the kind, as JSON knows them.
        seed: of what it draws.
    """

    images: ImageSet
    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, eq=False, repr=False)
class ImageTask:
    """A classification task on images that are at hand.

    Attributes:
        name: name of the task.
        images: ``(images, 3, side, side)`` uint8, or ``(images, patches, 3, side, side)`` where an input is several
            patches; those for training first.
        labels: ``(images,)`` int64, 0 to `classes` - 1.
        training: how many images are for training; the others are for testing.
        derivation: how it was made of an image set; None if it is one by itself.

    Raises:
        SuiteError: shapes do not agree, or no image is for training or for testing.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    training: int
    derivation: Derivation | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "images", read_only(self.images, np.uint8))
        object.__setattr__(self, "labels", read_only(self.labels, np.int64))
        check_images(f"task {self.name}", self.images, self.labels, self.training)

    def __repr__(self) -> str:
        return f"<ImageTask {self.name}: {len(self.images):,} images, {self.classes} classes>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the fields alone, so that arrays are read-only again where it arrives."""
        return type(self), tuple(getattr(self, attribute.name) for attribute in fields(self))

    @cached_property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.labels.max()) + 1

    @property
    def input_size(self) -> int:
        """Height and width of an image, or of a patch, in pixels."""
        return int(self.images.shape[-1])

    @property
    def patches(self) -> int:
        """How many patches make one input; 1 for ordinary images."""
        return int(self.images.shape[1]) if self.images.ndim == 5 else 1

    @property
    def task(self) -> Task:
        """The task as search spaces know it."""
        return Task(self.classes, self.input_size, self.patches)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of images, labels and their division, hex."""
        return fingerprint_of(self.images, self.labels, self.training)

    def pixels(self) -> NDArray[np.float32]:
        """The images with mean 0 and standard deviation 1 in each channel of those for training, float32."""
        return self._normalised(self.images)

    def batch(self, size: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Draws images from those for training, as many of each class as of the others as far as they last.

        Args:
            size: how many; if there are fewer, they come again.
            seed: the same seed draws the same images.

        Returns:
            Images ``(size, ...)`` as of :meth:`pixels`, and their labels ``(size,)``.

        Raises:
            SuiteError: the size is less than 1.
        """
        if size < 1:
            raise SuiteError(f"task {self.name}: a batch of {size} images is empty; give at least 1")
        labels = self.labels[: self.training]
        order = shuffled(self.training, "batch", seed)
        turn = np.empty(self.training, np.int64)
        for label in range(self.classes):
            members = order[labels[order] == label]
            turn[members] = np.arange(len(members))
        first = shuffled(self.classes, "classes", seed)
        chosen = np.resize(order[np.lexsort((first[labels[order]], turn[order]))], size)
        return self._normalised(self.images[chosen]), labels[chosen]

    def _normalised(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = np.empty(images.shape, np.float32)
        for channel, levels in enumerate(self._levels):
            found[..., channel, :, :] = levels[images[..., channel, :, :]]
        return found

    @cached_property
    def _levels(self) -> NDArray[np.float32]:
        """What each of 256 levels becomes in each channel; from whole numbers, so the same on every machine."""
        found = np.empty((3, 256), np.float32)
        for channel in range(3):
            pixels = self.images[: self.training, ..., channel, :, :]
            counts = np.bincount(pixels.reshape(-1), minlength=256)
            total, levels = int(counts.sum()), np.arange(256)
            first, second = int(counts @ levels), int(counts @ levels**2)
            mean = first / total
            deviation = ((total * second - first * first) ** 0.5) / total or 1.0
            found[channel] = ((levels - mean) / deviation).astype(np.float32)
        return found


@dataclass(frozen=True, slots=True)
class Shapes:
    """How large networks are and what they are shown: what a benchmark says, or the search spaces themselves.

    Attributes:
        tasks: by name; None for the tasks of each search space.
        scales: by search space, width and depth of its networks; for the others, the original's.
    """

    tasks: Mapping[str, Task] | None = None
    scales: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def task(self, space: str, name: str) -> Task:
        """The task of this name.

        Raises:
            SpaceError: there is no such space or task.
        """
        known = search_space(space).tasks if self.tasks is None else self.tasks
        if name not in known:
            owner = space if self.tasks is None else "the suite's benchmark"
            raise SpaceError(f"{owner} has no task '{name}'; {nearest(name, list(known))}")
        return known[name]

    def scale(self, space: str, width: int | None = None, depth: int | None = None) -> tuple[int, int]:
        """Width and depth of the networks of a space, unless others are given.

        Raises:
            SpaceError: there is no such space.
        """
        known = search_space(space)
        own = self.scales.get(space, (known.width, known.depth))
        return own[0] if width is None else width, own[1] if depth is None else depth


@dataclass(frozen=True, eq=False, repr=False)
class Benchmark:
    """How networks are built, shown images and trained.

    Attributes:
        scales: by search space, width and depth of its networks.
        tasks: the tasks by name.
        recipe: how networks are trained, the document of a :class:`rayzc.options.training.Recipe`.
        recipes: by search space, the fields of the recipe that are different there.
        seeds: of the trainings, one each.
        images: by image set, what it is, where it comes from, and its licence; by default what the sets of the tasks
            say of themselves.

    Raises:
        SuiteError: a space cannot have this width or depth, a task is under another name, or the recipe is not a JSON
            object.
    """

    scales: Mapping[str, tuple[int, int]]
    tasks: Mapping[str, ImageTask]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    images: Mapping[str, str] = field(default_factory=dict)
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scales = {space: (int(width), int(depth)) for space, (width, depth) in self.scales.items()}
        for space, (width, depth) in scales.items():
            unit = SPACES[space].width_unit if space in SPACES else 1
            if width < 1 or width % unit or depth < 1:
                raise SuiteError(
                    f"benchmark: networks of {space} cannot have width {width} and depth {depth}; the width "
                    f"must be a positive multiple of {unit}, the depth at least 1"
                )
        for name, task in self.tasks.items():
            if task.name != name:
                raise SuiteError(f"benchmark: the task {task.name} is under the name {name}")
        try:
            recipe = json.loads(json.dumps(dict(self.recipe), allow_nan=False))
            recipes = {
                space: json.loads(json.dumps(dict(changes), allow_nan=False))
                for space, changes in self.recipes.items()
                if changes
            }
        except (TypeError, ValueError) as error:
            raise SuiteError(f"benchmark: the recipe is not a JSON object ({error})") from None
        images = dict(self.images) or {each.name: each.description for each in self.image_sets.values()}
        for name, value in (
            ("scales", scales),
            ("tasks", self.tasks),
            ("recipe", recipe),
            ("recipes", recipes),
            ("images", images),
        ):
            object.__setattr__(self, name, MappingProxyType(dict(value)))
        object.__setattr__(self, "seeds", tuple(int(seed) for seed in self.seeds))

    def __repr__(self) -> str:
        return (
            f"<Benchmark of {', '.join(self.tasks) or 'no task'} on {', '.join(self.scales) or 'no space'}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the fields alone; a read-only mapping cannot be pickled."""
        parts = dict(self.scales), dict(self.tasks), dict(self.recipe), self.seeds, dict(self.images)
        return type(self), (*parts, {space: dict(changes) for space, changes in self.recipes.items()})

    @property
    def image_sets(self) -> Mapping[str, ImageSet]:
        """The image sets that tasks were made of, by name.

        Raises:
            SuiteError: two of them have one name.
        """
        found: dict[str, ImageSet] = {}
        for task in self.tasks.values():
            if task.derivation is not None:
                images = task.derivation.images
                if found.setdefault(images.name, images).fingerprint != images.fingerprint:
                    raise SuiteError(f"benchmark: there are two image sets {images.name}; rename one")
        return found

    @property
    def shapes(self) -> Shapes:
        """How large its networks are and what they are shown, without the images."""
        return Shapes({name: task.task for name, task in self.tasks.items()}, dict(self.scales))

    def recipe_of(self, space: str) -> dict[str, Any]:
        """How the networks of a search space are trained, the document of a recipe."""
        return {**self.recipe, **self.recipes.get(space, {})}

    def task(self, name: str) -> ImageTask:
        """The task of this name.

        Raises:
            SuiteError: there is none.
        """
        if name not in self.tasks:
            raise SuiteError(f"the benchmark has no task '{name}'; {nearest(name, list(self.tasks))}")
        return self.tasks[name]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that accuracies and scores follow from, hex."""
        document = {
            "scales": {space: list(scale) for space, scale in self.scales.items()},
            "tasks": {name: task.fingerprint for name, task in self.tasks.items()},
            "recipe": dict(self.recipe),
            "seeds": list(self.seeds),
            "images": dict(self.images),
        }
        if self.recipes:
            document["recipes"] = {space: dict(changes) for space, changes in self.recipes.items()}
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
