"""The specification of a suite: architectures, images, tasks, search spaces, and how to train; and its benchmark."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec

from rayzc.errors import SuiteError, TrainingError
from rayzc.options import Recipe
from rayzc.problems.benchmark import Benchmark, Derivation
from rayzc.problems.derivations import derive
from rayzc.problems.images import read_images
from rayzc.problems.sampling import sampled
from rayzc.spaces.registry import search_space

__all__ = ["BuildSpec", "Count", "ImagesSpec", "Seed", "SpaceSpec", "TaskSpec", "benchmark_of", "in_table"]

Count = Annotated[int, msgspec.Meta(ge=1)]
Seed = Annotated[int, msgspec.Meta(ge=0)]


class ImagesSpec(msgspec.Struct, frozen=True):
    """An ``[images.NAME]`` table: see :func:`rayzc.problems.images.read_images`.

    Attributes:
        source: where the images come from.
        training: how many are for training.
        testing: how many are for testing.
        seed: draws them.
        parameters: further keys, of the source.
    """

    source: str
    training: Count
    testing: Count
    seed: Seed = 0
    parameters: dict[str, Any] = {}


class TaskSpec(msgspec.Struct, frozen=True):
    """A ``[tasks.NAME]`` table: see :func:`rayzc.problems.derivations.derive`.

    Attributes:
        images: name of the image set.
        kind: what is made of it.
        seed: of what it draws.
        parameters: further keys, of the kind.
    """

    images: str
    kind: str = "classes"
    seed: Seed = 0
    parameters: dict[str, Any] = {}


class SpaceSpec(msgspec.Struct, frozen=True):
    """A ``[spaces.NAME]`` table.

    Attributes:
        tasks: a problem for each of these tasks.
        width: channels of the networks; by default the original's.
        depth: repeats of their cells; by default the original's.
        architectures: how many for each problem; by default as many as for the others.
        proxies: what to measure; by default the proxies of the whole suite.
        recipe: fields of the recipe that are different for these networks.
    """

    tasks: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    width: Count | None = None
    depth: Count | None = None
    architectures: Count | None = None
    proxies: tuple[str, ...] | None = None
    recipe: dict[str, Any] = {}


@dataclass(frozen=True)
class BuildSpec:
    """What a suite is built of.

    Attributes:
        name: name of the suite.
        architectures: how many distinct networks each problem has.
        seed: draws them.
        trainings: the seeds under which each is trained.
        recipe: how they are trained.
        images: the image sets by name.
        tasks: the tasks by name.
        spaces: the search spaces by name.
        proxies: what to measure on each network; None for all built-in proxies.
        path: of the file, from whose folder relative paths start.
    """

    name: str
    architectures: int
    seed: int
    trainings: tuple[int, ...]
    recipe: Recipe
    images: Mapping[str, ImagesSpec]
    tasks: Mapping[str, TaskSpec]
    spaces: Mapping[str, SpaceSpec]
    proxies: tuple[str, ...] | None = None
    path: Path = Path("spec.toml")

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """Search space and task of each problem, in the order of the file."""
        return tuple((space, task) for space, table in self.spaces.items() for task in table.tasks)

    def networks(self, space: str) -> tuple[str, ...]:
        """The architectures of the problems of a space, see :func:`sampled`.

        Raises:
            SuiteError: the space does not have as many.
        """
        return sampled(space, self.spaces[space].architectures or self.architectures, self.seed)

    def recipe_of(self, space: str) -> Recipe:
        """How the networks of a space are trained."""
        return self.recipe.replaced(**self.spaces[space].recipe)

    def measured(self, space: str) -> tuple[str, ...] | None:
        """The proxies to measure on networks of a space; None for all built-in ones."""
        own = self.spaces[space].proxies
        return self.proxies if own is None else own

    @cached_property
    def document(self) -> dict[str, Any]:
        """The specification as JSON knows it, without its path."""
        return {
            "name": self.name,
            "architectures": self.architectures,
            "seed": self.seed,
            "trainings": list(self.trainings),
            "recipe": self.recipe.to_document(),
            "images": msgspec.to_builtins(dict(self.images)),
            "tasks": msgspec.to_builtins(dict(self.tasks)),
            "spaces": msgspec.to_builtins(dict(self.spaces)),
            "proxies": None if self.proxies is None else list(self.proxies),
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of :attr:`document`, hex: it and the images determine what is built."""
        return hashlib.sha256(json.dumps(self.document, sort_keys=True).encode()).hexdigest()


def benchmark_of(spec: BuildSpec) -> Benchmark:
    """Reads the images of a specification, and makes its tasks and its benchmark.

    Raises:
        SuiteError: images are not there or are too few, a task cannot be made of them, the recipe does not fit them, or
            the networks of a space cannot have the width, or take the images, that they should.
    """
    sets = {}
    for name, table in spec.images.items():
        with in_table(f"{spec.path}, [images.{name}]"):
            sets[name] = read_images(
                name,
                table.source,
                training=table.training,
                testing=table.testing,
                seed=table.seed,
                folder=spec.path.parent,
                **table.parameters,
            )
    tasks = {}
    for name, wanted in spec.tasks.items():
        with in_table(f"{spec.path}, [tasks.{name}]"):
            made = Derivation(sets[wanted.images], wanted.kind, wanted.parameters, wanted.seed)
            tasks[name] = derive(name, made)
    scales = {}
    for name, chosen in spec.spaces.items():
        space = search_space(name)
        scales[name] = chosen.width or space.width, chosen.depth or space.depth
        for task in chosen.tasks:
            side = tasks[task].input_size
            if side % space.side_unit:
                raise SuiteError(
                    f"{spec.path}, [spaces.{name}]: images of the task {task} have {side} pixels, and networks of "
                    f"{name} take multiples of {space.side_unit}: give the images another side"
                )
    names = {task for _, task in spec.problems}
    used = {name: task for name, task in tasks.items() if name in names}
    for owner, task in spec.problems:
        with in_table(f"{spec.path}, [recipe], task {task}"):
            spec.recipe_of(owner).check_side(used[task].input_size)
    recipes = {}
    for name, chosen in spec.spaces.items():
        whole = spec.recipe_of(name).to_document()
        recipes[name] = {key: whole[key] for key in chosen.recipe}
    return Benchmark(scales, used, spec.recipe.to_document(), spec.trainings, recipes=recipes)


@contextmanager
def in_table(where: str) -> Iterator[None]:
    """Raises errors in the block as :class:`SuiteError`, and adds the file and the table that caused them."""
    try:
        yield
    except (SuiteError, TrainingError) as error:
        raise SuiteError(f"{where}: {error}") from error
