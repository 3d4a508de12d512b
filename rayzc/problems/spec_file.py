"""Specifications of suites from TOML files; every mistake is reported with file, table and key."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from rayzc.documents import key_in_words
from rayzc.errors import RayzcError, SuiteError, nearest
from rayzc.options import RECIPES, Recipe
from rayzc.problems.derivations import KINDS, kind_keys
from rayzc.problems.image_sources import SOURCES
from rayzc.problems.images import source_keys
from rayzc.problems.spec import BuildSpec, Count, ImagesSpec, Seed, SpaceSpec, TaskSpec, in_table
from rayzc.spaces.registry import search_space

__all__ = ["read_spec"]

TableT = TypeVar("TableT", bound=msgspec.Struct)


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
    recipe = _recipe(whole.recipe, f"{path}, [recipe]")
    images = {name: _images(table, f"{path}, [images.{name}]") for name, table in whole.images.items()}
    tasks = {name: _task(table, images, f"{path}, [tasks.{name}]") for name, table in whole.tasks.items()}
    spaces = {
        name: _space(name, table, tasks, recipe, f"{path}, [spaces.{name}]")
        for name, table in whole.spaces.items()
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
        recipe,
        images,
        tasks,
        spaces,
        whole.proxies,
        path.resolve(),
    )


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


def _recipe(table: Mapping[str, Any], where: str) -> Recipe:
    """The recipe of a ``[recipe]`` table: changes to the one that its key ``base`` names.

    Raises:
        SuiteError: a key is unknown, or a value cannot be used.
    """
    changes = dict(table)
    base = changes.pop("base", "quick")
    if not isinstance(base, str) or base not in RECIPES:
        raise SuiteError(
            f"{where}: key 'base': there is no recipe {base!r}; {nearest(str(base), list(RECIPES))}"
        )
    return _changed(RECIPES[base], changes, where, ("base",))


def _changed(recipe: Recipe, changes: Mapping[str, Any], where: str, further: tuple[str, ...] = ()) -> Recipe:
    """A recipe with changes.

    Raises:
        SuiteError: a key is unknown, or a value cannot be used.
    """
    known = [*further, *Recipe.__struct_fields__]
    for key in changes:
        if key not in known:
            raise SuiteError(f"{where}: unknown key '{key}'; {nearest(key, known)}")
    with in_table(where):
        return recipe.replaced(**changes)


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


def _space(name: str, table: Any, tasks: Mapping[str, TaskSpec], recipe: Recipe, where: str) -> SpaceSpec:
    found = _table(table, SpaceSpec, where)
    _changed(recipe, found.recipe, f"{where}, recipe")
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
