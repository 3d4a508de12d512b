"""What a suite is built of, as a TOML file says it: architectures, images, tasks, search spaces, and how to train."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from rayzc.documents import key_in_words
from rayzc.errors import RayzcError, SuiteError, nearest
from rayzc.problems.benchmark import Benchmark, Derivation
from rayzc.problems.derivations import KINDS, derive, kind_keys
from rayzc.problems.image_sources import SOURCES
from rayzc.problems.images import read_images, source_keys
from rayzc.problems.sampling import sampled
from rayzc.spaces.registry import search_space

__all__ = ["BuildSpec", "ImagesSpec", "SpaceSpec", "TaskSpec", "benchmark_of", "read_spec"]

Count = Annotated[int, msgspec.Meta(ge=1)]
Seed = Annotated[int, msgspec.Meta(ge=0)]
TableT = TypeVar("TableT", bound=msgspec.Struct)


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
    """

    tasks: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    width: Count | None = None
    depth: Count | None = None
    architectures: Count | None = None
    proxies: tuple[str, ...] | None = None


class _Whole(msgspec.Struct, frozen=True):
    """The file's own keys."""

    name: str
    architectures: Count
    images: dict[str, Any]
    tasks: dict[str, Any]
    spaces: dict[str, Any]
    seed: Seed = 0
    trainings: Annotated[tuple[Seed, ...], msgspec.Meta(min_length=1)] = (0, 1)
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
        recipe: how they are trained, the keys of :class:`rayzc.options.training.Recipe`.
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
    recipe: Mapping[str, Any]
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
            "recipe": dict(self.recipe),
            "images": msgspec.to_builtins(dict(self.images)),
            "tasks": msgspec.to_builtins(dict(self.tasks)),
            "spaces": msgspec.to_builtins(dict(self.spaces)),
            "proxies": None if self.proxies is None else list(self.proxies),
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of :attr:`document`, hex: what is built follows from it, and from the images."""
        return hashlib.sha256(json.dumps(self.document, sort_keys=True).encode()).hexdigest()


def read_spec(path: str | Path) -> BuildSpec:
    """Reads a specification.

    Args:
        path: the TOML file; relative paths in it start from its folder.

    Raises:
        SuiteError: it is not there, is not TOML, or a key or value cannot be used; names file, table and key.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: not a TOML file: {error}") from None
    whole = _table(content, _Whole, f"{path}")
    images = {name: _images(table, f"{path}, [images.{name}]") for name, table in whole.images.items()}
    tasks = {name: _task(table, images, f"{path}, [tasks.{name}]") for name, table in whole.tasks.items()}
    spaces = {
        name: _space(name, table, tasks, f"{path}, [spaces.{name}]") for name, table in whole.spaces.items()
    }
    if not spaces:
        raise SuiteError(f"{path}: there is no [spaces.NAME] table, so no problem to build")
    if len(set(whole.trainings)) < len(whole.trainings):
        raise SuiteError(f"{path}: key 'trainings' has a seed twice; each training has a seed of its own")
    return BuildSpec(
        whole.name,
        whole.architectures,
        whole.seed,
        whole.trainings,
        whole.recipe,
        images,
        tasks,
        spaces,
        whole.proxies,
        path.resolve(),
    )


def benchmark_of(spec: BuildSpec) -> Benchmark:
    """Reads the images of a specification, and makes its tasks and its benchmark.

    Raises:
        SuiteError: images are not there or are too few, a task cannot be made of them, or the networks of a space
            cannot have the width, or take the images, that they should.
    """
    sets = {}
    for name, table in spec.images.items():
        with _named(f"{spec.path}, [images.{name}]"):
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
        with _named(f"{spec.path}, [tasks.{name}]"):
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
    used = {task for _, task in spec.problems}
    return Benchmark(
        scales,
        {name: task for name, task in tasks.items() if name in used},
        spec.recipe,
        spec.trainings,
    )


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Says in an error of the block to which table of the file it belongs."""
    try:
        yield
    except SuiteError as error:
        raise SuiteError(f"{where}: {error}") from error


def _table(table: Any, kind: type[TableT], where: str, further: tuple[str, ...] = ()) -> TableT:
    """A table of the file as a record; keys among `further` become its `parameters`.

    Raises:
        SuiteError: a key is unknown or missing, or a value cannot be used.
    """
    if not isinstance(table, dict):
        raise SuiteError(f"{where}: must be a table, not {table!r}")
    own = [name for name in kind.__struct_fields__ if name != "parameters"]
    for key in table:
        if key not in (*own, *further):
            raise SuiteError(f"{where}: unknown key '{key}'; {nearest(key, [*own, *further])}")
    given = {key: value for key, value in table.items() if key in own}
    if further:
        given["parameters"] = {key: value for key, value in table.items() if key not in own}
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise SuiteError(f"{where}: {key_in_words(str(error))}") from None


def _images(table: Any, where: str) -> ImagesSpec:
    source = table.get("source") if isinstance(table, dict) else None
    try:
        known = [source] if isinstance(source, str) else [f"{kind}:all" for kind in SOURCES]
        further = tuple(dict.fromkeys(key for each in known for key in source_keys(each)))
    except SuiteError as error:
        raise SuiteError(f"{where}: key 'source': {error}") from None
    return _table(table, ImagesSpec, where, further)


def _task(table: Any, images: Mapping[str, ImagesSpec], where: str) -> TaskSpec:
    kind = table.get("kind", "classes") if isinstance(table, dict) else None
    if isinstance(kind, str) and kind not in KINDS:
        raise SuiteError(f"{where}: key 'kind': there is no kind '{kind}'; {nearest(kind, list(KINDS))}")
    found = _table(table, TaskSpec, where, kind_keys(kind) if isinstance(kind, str) else ())
    if found.images not in images:
        hint = nearest(found.images, list(images)) if images else "there are none"
        raise SuiteError(f"{where}: key 'images': there is no table [images.{found.images}]; {hint}")
    return found


def _space(name: str, table: Any, tasks: Mapping[str, TaskSpec], where: str) -> SpaceSpec:
    found = _table(table, SpaceSpec, where)
    try:
        known = search_space(name)
    except RayzcError as error:
        raise SuiteError(f"{where}: {error}") from None
    for task in found.tasks:
        if task not in tasks:
            hint = nearest(task, list(tasks)) if tasks else "there are none"
            raise SuiteError(f"{where}: key 'tasks': there is no table [tasks.{task}]; {hint}")
    if len(set(found.tasks)) < len(found.tasks):
        raise SuiteError(f"{where}: key 'tasks' names a task twice")
    if found.width is not None and found.width % known.width_unit:
        raise SuiteError(
            f"{where}: key 'width' is {found.width}; networks of {name} have multiples of {known.width_unit}"
        )
    return found
