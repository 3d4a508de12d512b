"""Options, each written once: name, type, default, range and help stand in one line of one class.

A class of options is at the same time what the Python functions take (:func:`rayzc.options.takes`), what the command
line is made of (:mod:`rayzc.cli.options`), and what a run keeps in its ``config.json`` (:meth:`Options.to_document`)::

    class Limits(Options):
        epochs: Annotated[int | None, option("Stop after this many epochs.", low=1)] = None

Classes nest: in functions and on the command line, an option of a nested class has its own name, unless
:func:`rayzc.options.group` gives it another; in the document, it stays nested.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args, get_origin

import msgspec

from rayzc.documents import IN_EVERY_DOCUMENT, in_words, key_in_words
from rayzc.errors import RayzcError, RunError, nearest
from rayzc.options.flat import Flat, Option, bare, flattened, hints, options_of

__all__ = ["Options", "by_name", "current_name", "with_changes"]

OptionsT = TypeVar("OptionsT", bound="Options")


class _Renamed(msgspec.StructMeta):
    """Takes earlier names of options, with a warning."""

    def __call__(cls, *values: Any, **given: Any) -> Any:  # noqa: N805 - a metaclass
        for name in [name for name in given if name not in cls.__struct_fields__]:
            for field, known in options_of(cls).items():
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
            about = options_of(type(self)).get(field.name)
            value = _checked(field.name, field.type, about, getattr(self, field.name), self.error)
            msgspec.structs.force_setattr(self, field.name, value)

    def replaced(self, **changes: Any) -> Self:
        """The same options but for these, by their own names or, of nested ones, by their flat names.

        Raises:
            RayzcError: of the kind :attr:`error`: there is no such option, or its value cannot be used.
        """
        named = {}
        for keyword, value in changes.items():
            name = current_name(keyword, type(self), depth=3)
            if name is None:
                raise self.error(
                    f"there is no option '{keyword}'; {nearest(keyword, [*flattened(type(self))])}"
                )
            named[name] = value
        return with_changes(self, named, by_name)

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
            raise error(f"{where}: {key_in_words(str(problem))}") from None
        except RayzcError as problem:
            raise error(f"{where} cannot be used: {problem}") from None
        # Last, as a misspelt key is better reported as unknown than as missing.
        if missing:
            raise error(f"{where}: missing key '{missing[0]}'")
        return found


def _checked(name: str, kind: Any, about: Option | None, value: Any, error: type[RayzcError]) -> Any:
    """A value, converted to its type and checked against its range.

    Args:
        name: what to call the option in messages.
        kind: its type.
        about: its range and choices, if it has any.
        value: what was given.
        error: the kind of error to raise.

    Raises:
        RayzcError: of that kind: a value of another type, or out of its range.
    """
    if hasattr(value, "item") and not isinstance(value, str):  # a numpy number
        value = value.item()
    if isinstance(value, Path) and str in get_args(bare(kind)):  # a place that may also be a URI
        value = str(value)
    if isinstance(value, str) and _is_tuple(kind):
        raise error(f"{name} must be a list of names, such as ['{value}'], not one text")
    try:
        value = msgspec.convert(value, kind, dec_hook=_decoded)
    except msgspec.ValidationError as problem:
        if words := [
            word for part in get_args(bare(kind)) if get_origin(part) is Literal for word in get_args(part)
        ]:
            raise error(f"{name} is {value!r}; it must be a whole number or {' or '.join(words)}") from None
        raise error(f"{name} is {value!r}; it {in_words(str(problem))}") from None
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
            what = what.removesuffix("s") if isinstance(value, tuple) else what
            raise error(f"unknown {what} '{chosen}'; {nearest(str(chosen), about.choices)}")
    return value


def _is_tuple(kind: Any) -> bool:
    """Whether a type is ``tuple[...]``, or that or None."""
    return tuple in (get_origin(part) for part in (bare(kind), *get_args(bare(kind))))


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _completed(
    kind: type[Options], document: Mapping[str, Any], missing: list[str], above: str = ""
) -> dict[str, Any]:
    """A stored document, completed with the options that its version did not have.

    Defaults may change from version to version, so a document holds all that its version knew: what is missing and not
    among the :attr:`Options.earlier` of its class is added to `missing`.
    """
    found = dict(document)
    for field in msgspec.structs.fields(kind):
        key, inner = field.encode_name, bare(hints(kind)[field.name])
        if key not in found:
            if field.name in kind.earlier:
                found[key] = kind.earlier[field.name]
            elif not field.required:
                missing.append(f"{above}{key}")
        elif isinstance(inner, type) and issubclass(inner, Options) and isinstance(found[key], Mapping):
            found[key] = _completed(inner, found[key], missing, f"{above}{key}.")
    return found


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


def by_name(flat: Flat) -> str:
    """The name of an option in Python."""
    return flat.name


def with_changes(options: OptionsT, changes: Mapping[str, Any], shown: Callable[[Flat], str]) -> OptionsT:
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


def current_name(keyword: str, kind: type[Options], depth: int) -> str | None:
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
