"""Options, each written once: name, type, default, range and help stand in one line of one class.

A class of options is at the same time what the Python functions take (:func:`takes`), what the command line is made of
(:mod:`rayzc.cli.options`), and what a run keeps in its ``config.json`` (:meth:`Options.to_document`)::

    class Limits(Options):
        epochs: Annotated[int | None, option("Stop after this many epochs.", low=1)] = None

Classes nest: an option of a nested class is known by its own name in the function and on the command line, unless
:func:`group` gives it another one there, and by its place in the document.
"""

import functools
import inspect
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from rayzc.errors import RayzcError, RunError, nearest

__all__ = [
    "Flat",
    "Group",
    "Option",
    "Options",
    "flattened",
    "group",
    "located",
    "option",
    "read_options",
    "takes",
]

Result = TypeVar("Result")
OptionsT = TypeVar("OptionsT", bound="Options")

IN_EVERY_DOCUMENT = ("schema_version", "kind")
"""Keys that say what a document is; :mod:`rayzc.documents` reads them."""


@dataclass(frozen=True, slots=True)
class Option:
    """What is known of an option beside its name, type and default.

    Attributes:
        help: what it does, a sentence or two.
        low: the least value.
        high: the greatest value.
        above: the value that it must exceed.
        choices: the names to choose from, with a registry of them or a tuple.
        default: the default in words, where the default value does not say it.
        metavar: what the command line shows in place of the value.
        flag: the flag of the command line, where it is not the name.
        short: a flag of one letter, such as ``-q``.
        panel: title of the panel of the command's help, where it is not that of the class or group.
        aliases: earlier flags and names, which still work.
        duration: whether it is a length of time, ``3m`` on the command line and seconds elsewhere.
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


@dataclass(frozen=True, slots=True)
class Group:
    """What is known of a nested class of options.

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


def option(help: str, **details: Any) -> Option:
    """An option's help and range, see :class:`Option`."""
    return Option(help, **details)


def group(
    title: str,
    names: Mapping[str, str | None] | None = None,
    aliases: Mapping[str, tuple[str, ...]] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Group:
    """The title of nested options, and names that differ in the flat list, see :class:`Group`."""
    return Group(title, names or {}, aliases or {}, defaults or {})


class _Renamed(msgspec.StructMeta):
    """Takes earlier names of options, with a warning."""

    def __call__(cls, *values: Any, **given: Any) -> Any:  # noqa: N805 - a metaclass
        for name in [name for name in given if name not in cls.__struct_fields__]:
            for field, known in _options_of(cls).items():
                if name in known.aliases:
                    warnings.warn(f"{cls.__name__}: {name} is now {field}", DeprecationWarning, stacklevel=2)
                    given[field] = given.pop(name)
        return super().__call__(*values, **given)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, metaclass=_Renamed):
    """A class of options: immutable, checked when it is made, and written to JSON and back.

    Attributes:
        error: the kind of error that a wrong value raises.
        title: of the panel of its own options in the help of a command.
        earlier: for options that documents of earlier versions lack, the values that these were made with.
    """

    error: ClassVar[type[RayzcError]] = RunError
    title: ClassVar[str] = "Options"
    earlier: ClassVar[Mapping[str, Any]] = {}

    def __post_init__(self) -> None:
        """Checks types and ranges.

        Raises:
            RayzcError: of the kind :attr:`error`: a value of another type, or out of its range.
        """
        for field in msgspec.structs.fields(self):
            about = _options_of(type(self)).get(field.name)
            value = _checked(field.name, field.type, about, getattr(self, field.name), self.error)
            msgspec.structs.force_setattr(self, field.name, value)

    def replaced(self, **changes: Any) -> Self:
        """The same options but for these, by their own names or, of nested ones, by their flat names.

        Raises:
            RayzcError: of the kind :attr:`error`: there is no such option, or its value cannot be used.
        """
        named = {}
        for keyword, value in changes.items():
            name = _current_name(keyword, type(self), depth=3)
            if name is None:
                raise self.error(
                    f"there is no option '{keyword}'; {nearest(keyword, [*flattened(type(self))])}"
                )
            named[name] = value
        return _with(self, named, _by_name)

    def to_document(self) -> dict[str, Any]:
        """The options as JSON knows them; a function becomes its ``module:name``."""
        document: dict[str, Any] = msgspec.to_builtins(self, enc_hook=_named)
        return document

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], where: str | Path, error: type[RayzcError] = RunError
    ) -> Self:
        """Reads what :meth:`to_document` wrote.

        Args:
            document: the JSON object.
            where: the file, for messages.
            error: the kind of error to raise.

        Raises:
            RayzcError: of that kind: a key is unknown or missing, or a value cannot be used; names the key.
        """
        content = {
            key: value
            for key, value in document.items()
            if key not in IN_EVERY_DOCUMENT or key in cls.__struct_fields__
        }
        missing: list[str] = []
        try:
            found = msgspec.convert(_completed(cls, content, missing), cls, dec_hook=_decoded)
        except msgspec.ValidationError as problem:
            raise error(f"{where}: {located(str(problem))}") from None
        except RayzcError as problem:
            raise error(f"{where} cannot be used: {problem}") from None
        # Last, for a key that is misspelt is better named as unknown than as missing.
        if missing:
            raise error(f"{where}: missing key '{missing[0]}'")
        return found


def _checked(name: str, kind: Any, about: Option | None, value: Any, error: type[RayzcError]) -> Any:
    """A value as its type and range want it.

    Args:
        name: what to call the option in messages.
        kind: its type.
        about: its range and choices, if it has any.
        value: what was given.
        error: the kind of error to raise.

    Raises:
        RayzcError: of that kind: a value of another type, or out of its range.
    """
    if hasattr(value, "item") and not isinstance(value, str):  # a number of numpy's
        value = value.item()
    if isinstance(value, str) and _is_tuple(kind):
        raise error(f"{name} must be a list of names, such as ['{value}'], not one text")
    try:
        value = msgspec.convert(value, kind, dec_hook=_decoded)
    except msgspec.ValidationError as problem:
        raise error(f"{name} is {value!r}; it {_in_words(str(problem))}") from None
    if about is None or value is None:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if about.above is not None and not value > about.above:
            raise error(f"{name} is {_number(value)}; it must be greater than {_number(about.above)}")
        if not math.isfinite(value):
            raise error(f"{name} is {value}; it must be finite, or left out")
        low, high = about.low, about.high
        if (low is not None and value < low) or (high is not None and value > high):
            least = "" if low is None else _number(low)
            most = "" if high is None else _number(high)
            limits = f"lie between {least} and {most}" if least and most else f"be {least or most} or "
            more = "" if least and most else "more" if least else "less"
            raise error(f"{name} is {_number(value)}; it must {limits}{more}")
    for chosen in (value if isinstance(value, tuple) else (value,)) if about.choices else ():
        if chosen not in about.choices:
            what = name.removeprefix("--").replace("-", " ").replace("_", " ")
            raise error(f"unknown {what} '{chosen}'; {nearest(str(chosen), about.choices)}")
    return value


def _is_tuple(kind: Any) -> bool:
    """Whether a type is ``tuple[...]``, or that or None."""
    return tuple in (get_origin(part) for part in (_bare(kind), *get_args(_bare(kind))))


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _completed(
    kind: type[Options], document: Mapping[str, Any], missing: list[str], above: str = ""
) -> dict[str, Any]:
    """A stored document with what its version did not know yet.

    Defaults may change from version to version, so a document holds all that its version knew: what is missing and not
    among the :attr:`Options.earlier` of its class is added to `missing`.
    """
    found = dict(document)
    for field in msgspec.structs.fields(kind):
        key, inner = field.encode_name, _bare(_hints(kind)[field.name])
        if key not in found:
            if field.name in kind.earlier:
                found[key] = kind.earlier[field.name]
            elif not field.required:
                missing.append(f"{above}{key}")
        elif isinstance(inner, type) and issubclass(inner, Options) and isinstance(found[key], Mapping):
            found[key] = _completed(inner, found[key], missing, f"{above}{key}.")
    return found


def located(message: str) -> str:
    """A message of msgspec's with the whole key: ``unknown key 'settings.islnds'``."""
    what, _, place = message.partition(" - at ")
    path = place.strip("`").removeprefix("$").lstrip(".")
    for words, name in (
        ("Object contains unknown field", "unknown key"),
        ("Object missing required field", "missing key"),
    ):
        if what.startswith(words):
            key = what.removeprefix(words).strip(" `")
            return f"{name} '{f'{path}.{key}' if path else key}'"
    return f"key '{path}' {_in_words(message)}" if path else f"it {_in_words(message)}"


_IN_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


def _in_words(message: str) -> str:
    """What a message of msgspec's says of a type: ``must be a whole number``."""
    what = message.partition(" - at ")[0]
    expected, separator, _ = what.removeprefix("Expected `").partition("`, got `")
    if not separator:
        return f"cannot be used: {what[0].lower()}{what[1:]}".replace("`", "")
    names = [_IN_WORDS.get(name, name) for name in expected.split(" | ") if name != "null"]
    return f"must be {' or '.join(names)}"


def _decoded(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")


def _named(value: Any) -> Any:
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} cannot be written to JSON")


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
def flattened(kind: type[Options]) -> Mapping[str, Flat]:
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


def _flat(kind: type[Options], instance: Options | None = None) -> Iterator[Flat]:
    hints = _hints(kind)
    for field in msgspec.structs.fields(kind):
        about = next((part for part in _parts(hints[field.name]) if isinstance(part, Option | Group)), None)
        default = field.default if instance is None else getattr(instance, field.name)
        if isinstance(about, Group):
            inner = _bare(hints[field.name])
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
            hint = _bare(hints[field.name])
            yield Flat(field.name, (field.name,), hint, default, about, title, kind.error)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


@functools.cache
def _options_of(kind: type) -> dict[str, Option]:
    return {
        name: part for name, hint in _hints(kind).items() for part in _parts(hint) if isinstance(part, Option)
    }


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint)[1:] if get_origin(hint) is Annotated else ()


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _by_name(flat: Flat) -> str:
    return flat.name


def _with(options: OptionsT, changes: Mapping[str, Any], shown: Callable[[Flat], str]) -> OptionsT:
    """The options with changes by field or flat name, all of them at once: some only make sense together."""
    known = flattened(type(options))
    by_path: dict[tuple[str, ...], Any] = {}
    for name, value in changes.items():
        if name in known:
            flat = known[name]
            by_path[flat.path] = _checked(shown(flat), flat.type, flat.about, value, flat.error)
        elif value is not None:
            by_path[(name,)] = value
    return _replaced(options, by_path)


def _replaced(options: OptionsT, changes: Mapping[tuple[str, ...], Any]) -> OptionsT:
    own = {path[0]: value for path, value in changes.items() if len(path) == 1}
    for name in dict.fromkeys(path[0] for path in changes if len(path) > 1):
        inner = {path[1:]: value for path, value in changes.items() if path[0] == name and len(path) > 1}
        own[name] = _replaced(own.get(name, getattr(options, name)), inner)
    return msgspec.structs.replace(options, **own)


def read_options(
    kinds: Mapping[str, type[Options]],
    given: Mapping[str, Any],
    shown: Callable[[Flat], str] = _by_name,
) -> dict[str, Options]:
    """Makes options of several classes out of keywords.

    Args:
        kinds: by parameter name, the classes.
        given: by flat name, field or parameter name, what was given.
        shown: what to call an option in messages.

    Returns:
        The options by parameter name.

    Raises:
        RunError: a keyword that none of the classes knows.
        RayzcError: of the kind of the class: a value that cannot be used.
    """
    changes: dict[str, dict[str, Any]] = {name: {} for name in kinds}
    for keyword in (keyword for keyword in given if keyword not in kinds):
        for name, kind in kinds.items():
            current = _current_name(keyword, kind, depth=4)
            if current is not None:
                changes[name][current] = given[keyword]
                break
        else:
            everything = [*kinds, *(flat for kind in kinds.values() for flat in flattened(kind))]
            raise RunError(f"there is no option '{keyword}'; {nearest(keyword, everything)}")
    return {
        name: _with(given[name] if given.get(name) is not None else kind(), changes[name], shown)
        for name, kind in kinds.items()
    }


def _current_name(keyword: str, kind: type[Options], depth: int) -> str | None:
    """The name by which a class knows a keyword now, None if it does not; an earlier name is warned of.

    Args:
        keyword: what was given.
        kind: the class.
        depth: how many calls above this function it was given.
    """
    known = flattened(kind)
    if keyword in known or keyword in kind.__struct_fields__:
        return keyword
    for name, flat in known.items():
        if keyword in flat.about.aliases:
            warnings.warn(f"{keyword} is now {name}", DeprecationWarning, stacklevel=depth)
            return name
    return None


def takes(**kinds: type[Options]) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Lets a function take all options of some classes by keyword, and hands them over as these classes.

    ``discover(suite, options=DiscoverOptions(holdout=0.25))`` and ``discover(suite, holdout=0.25)`` are the same; with
    both, the keywords change the options.

    Args:
        kinds: by the name of the function's parameter, the class.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        own = inspect.signature(function).parameters

        @functools.wraps(function)
        def wrapper(*values: Any, **given: Any) -> Result:
            plain = {name: value for name, value in given.items() if name in own and name not in kinds}
            options = {name: value for name, value in given.items() if name not in plain}
            return function(*values, **plain, **read_options(kinds, options))

        parameters = [parameter for name, parameter in own.items() if name not in kinds]
        keyword = inspect.Parameter.KEYWORD_ONLY
        for kind in kinds.values():
            parameters += [
                inspect.Parameter(flat.name, keyword, default=flat.default, annotation=flat.type)
                for flat in flattened(kind).values()
                if flat.name not in own
            ]
        parameters += [
            inspect.Parameter(name, keyword, default=None, annotation=kind | None)
            for name, kind in kinds.items()
        ]
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        listed = "\n".join(
            f"    {flat.name}: {flat.about.help}"
            for kind in kinds.values()
            for flat in flattened(kind).values()
            if flat.name not in own
        )
        wrapper.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\nOptions:\n{listed}\n"
        return wrapper

    return decorate
