"""The metadata of options, and all options of nested classes in one flat list."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from rayzc.errors import RayzcError

__all__ = ["Flat", "Group", "Option", "bare", "flattened", "group", "hints", "option", "options_of", "parts"]


@dataclass(frozen=True, slots=True)
class Option:
    """The metadata of an option, beside its name, type and default.

    Attributes:
        help: what it does, a sentence or two.
        low: the least value.
        high: the greatest value.
        above: the value that it must exceed.
        choices: the names to choose from.
        default: the default in words, where the default value does not say it.
        metavar: what the command line shows in place of the value.
        flag: the flag of the command line, where it is not the name.
        short: a flag of one letter, such as ``-q``.
        panel: title of the panel of the command's help, where it is not that of the class or group.
        aliases: earlier flags and names, which still work.
        duration: whether it is a duration, ``3m`` on the command line and seconds elsewhere.
        commas: whether the command line takes several names with commas between them.
        hidden: whether the command line leaves it out.
    """

    help: str
    low: float | None = None
    high: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None
    metavar: str | None = None
    flag: str | None = None
    short: str | None = None
    panel: str | None = None
    aliases: tuple[str, ...] = ()
    duration: bool = False
    commas: bool = False
    hidden: bool = False


option = Option
"""An option's help and range, as annotations write it: ``Annotated[int, option("Eggs.", low=1)]``."""


@dataclass(frozen=True, slots=True)
class Group:
    """The metadata of a nested class of options.

    Attributes:
        title: of its panel in the help of a command.
        names: for flat names of the nested class, those to use instead; None leaves the option out.
        aliases: by name there, earlier flags and names that still work.
        defaults: by name there, the default in words.
    """

    title: str
    names: Mapping[str, str | None]
    aliases: Mapping[str, tuple[str, ...]]
    defaults: Mapping[str, str]


def group(
    title: str,
    names: Mapping[str, str | None] | None = None,
    aliases: Mapping[str, tuple[str, ...]] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Group:
    """The title of nested options, and names that differ in the flat list, see :class:`Group`."""
    return Group(title, names or {}, aliases or {}, defaults or {})


@dataclass(frozen=True, slots=True)
class Flat:
    """An option as functions and commands know it.

    Attributes:
        name: its flat name.
        path: the fields that lead to it.
        type: of its value, without annotations.
        default: the default value; ``msgspec.NODEFAULT`` where there is none.
        about: help, range and more.
        title: of the group or class that it belongs to.
        error: the kind of error that a wrong value raises.
    """

    name: str
    path: tuple[str, ...]
    type: Any
    default: Any
    about: Option
    title: str
    error: type[RayzcError]


@functools.cache
def flattened(kind: type[Any]) -> Mapping[str, Flat]:
    """All options of a class and of those nested in it, by flat name.

    Raises:
        TypeError: two of them have one flat name.
    """
    found: dict[str, Flat] = {}
    for flat in _flat(kind):
        if flat.name in found:
            raise TypeError(
                f"{kind.__name__}: two options are called {flat.name}; name one of them in group(...)"
            )
        found[flat.name] = flat
    return found


def _flat(kind: type[Any], instance: Any = None) -> Iterator[Flat]:
    known = hints(kind)  # type: ignore[arg-type]
    for field in msgspec.structs.fields(kind):
        about = next((part for part in parts(known[field.name]) if isinstance(part, Option | Group)), None)
        default = field.default if instance is None else getattr(instance, field.name)
        if isinstance(about, Group):
            inner = bare(known[field.name])
            for flat in _flat(inner, None if default is msgspec.NODEFAULT else default):
                name = about.names.get(flat.name, flat.name)
                if name is not None:
                    yield Flat(
                        name,
                        (field.name, *flat.path),
                        flat.type,
                        flat.default,
                        replace(
                            flat.about,
                            aliases=(*flat.about.aliases, *about.aliases.get(name, ())),
                            default=about.defaults.get(name, flat.about.default),
                        ),
                        about.title if flat.title == inner.title else flat.title,
                        flat.error,
                    )
        elif about is not None:
            title = about.panel or kind.title
            hint = bare(known[field.name])
            yield Flat(field.name, (field.name,), hint, default, about, title, kind.error)


@functools.cache
def hints(kind: type) -> dict[str, Any]:
    """The annotations of a class by field, with their metadata."""
    return get_type_hints(kind, include_extras=True)


@functools.cache
def options_of(kind: type) -> dict[str, Option]:
    """The options of a class itself, by field."""
    return {
        name: part for name, hint in hints(kind).items() for part in parts(hint) if isinstance(part, Option)
    }


def parts(hint: Any) -> tuple[Any, ...]:
    """The metadata of an annotation."""
    return get_args(hint)[1:] if get_origin(hint) is Annotated else ()


def bare(hint: Any) -> Any:
    """The type in an annotation, without metadata."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint
