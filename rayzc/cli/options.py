"""Commands made of classes of options: flags, help, defaults and ranges come from :mod:`rayzc.options`."""

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

import msgspec
import typer
from rich.markup import escape

from rayzc.cli.durations import compact, seconds
from rayzc.errors import RunError
from rayzc.options import Flat, Options, flattened, option, read_options
from rayzc.options.shared import DEFAULT_SUITE

__all__ = ["AsFormula", "JsonOutput", "Output", "SearchOutput", "Suite", "takes_options"]

SUITE = "A suite: a Parquet file, a JSON file, a folder of zc_<space>.json files, or the name of a suite."
FORMULA = "A formula, a file with a formula, or the folder of a run that bred a formula."

SUITE_DEFAULT = f" [dim]\\[default: {DEFAULT_SUITE}][/dim]"
Suite = Annotated[
    str | None,
    typer.Option("--suite", metavar="PATH_OR_NAME", help=SUITE + SUITE_DEFAULT, show_default=False),
]
"""What a command was given; :func:`rayzc.cli.output.suite_or_default` says what to use where that is nothing."""
AsFormula = Annotated[str, typer.Argument(metavar="FORMULA", help=FORMULA)]


class JsonOutput(Options, frozen=True, kw_only=True):
    """How a command prints its result."""

    title: ClassVar[str] = "Output"

    as_json: Annotated[bool, option("Print the result as a JSON document.", flag="json")] = False


class Output(JsonOutput, frozen=True, kw_only=True):
    """How a command prints its progress and its result."""

    quiet: Annotated[bool, option("Print only the result.", short="-q")] = False


class SearchOutput(Output, frozen=True, kw_only=True):
    """How a command prints and exports architectures."""

    details: Annotated[
        bool,
        option(
            "Print all of report.txt: each architecture in words and as a drawing, its proxies, and the shortlist."
        ),
    ] = False
    export: Annotated[
        Path | None,
        option(
            "Folder to write the best network of each problem to, as a Python module that needs only torch.",
            metavar="FOLDER",
        ),
    ] = None


def takes_options(**kinds: type[Options]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turns a function into a command: the options of the classes become flags, the function receives the classes.

    Args:
        kinds: by the name of the function's parameter, the class.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        flags = {flag.name: flag for kind in kinds.values() for flag in _flags(kind)}
        own = [p for name, p in inspect.signature(function).parameters.items() if name not in kinds]

        @functools.wraps(function)
        def command(**values: Any) -> None:
            given: dict[str, Any] = {}
            for name, flag in flags.items():
                value = values.pop(name)
                if value is None or value is False:
                    continue
                if flag.instead_of:
                    typer.echo(f"rayzc: {flag.instead_of} is now {_dashed(flag.flat)}", err=True)
                given[flag.flat.name] = flag.read(value)
            function(**values, **read_options(kinds, given, shown=_dashed))

        parameters = [*own, *(flag.parameter() for flag in flags.values())]
        vars(command)["__signature__"] = inspect.Signature(parameters)
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del vars(command)["__wrapped__"]
        return command

    return decorate


_METAVARS: dict[Any, str] = {int: "N", float: "X", str: "NAME", list[str]: "A,B", bool: " "}


class _Flag:
    """A flag of the command line.

    Attributes:
        name: of the command's parameter.
        flat: the option that it sets.
        instead_of: the earlier name of the flag, if this is the flag of that name.
    """

    def __init__(self, flat: Flat, instead_of: str = "") -> None:
        self.flat = flat
        self.instead_of = instead_of
        self.name = flat.name if not instead_of else f"earlier_{instead_of.strip('-').replace('-', '_')}"

    def parameter(self) -> inspect.Parameter:
        """The parameter that Typer makes a flag of."""
        about, kind = self.flat.about, _kind(self.flat)
        names = [self.instead_of or _dashed(self.flat), *([about.short] if about.short else [])]
        made = typer.Option(
            *names,
            metavar=about.metavar or _METAVARS.get(kind),
            help=_help(self.flat),
            show_default=False,
            rich_help_panel=self.flat.title,
            hidden=bool(self.instead_of),
        )
        default: Any = False if kind is bool else None
        annotation = bool if kind is bool else kind | None
        return inspect.Parameter(
            self.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, made]
        )

    def read(self, value: Any) -> Any:
        """The value of the option, from the value given on the command line.

        Raises:
            RunError: the text is not a duration, or a name is empty.
        """
        about, flag = self.flat.about, _dashed(self.flat)
        if about.duration:
            try:
                return seconds(value)
            except RunError as error:
                raise RunError(f"{flag}: {error}") from None
        if isinstance(value, str) and int in _members(self.flat.type) and re.fullmatch(r"-?\d+", value):
            return int(value)  # a number or a word
        if not isinstance(value, list):
            return value
        if not about.commas:
            return tuple(value)
        names = tuple(name.strip() for text in value for name in text.split(","))
        if not all(names):
            raise RunError(f"{flag} has an empty name: write {flag} A,B or leave {flag} out")
        return names


def _flags(kind: type[Options]) -> Iterator[_Flag]:
    for flat in flattened(kind).values():
        if not flat.about.hidden:
            yield _Flag(flat)
            for alias in flat.about.aliases:
                yield _Flag(flat, f"--{alias.replace('_', '-')}")


def _dashed(flat: Flat) -> str:
    return f"--{(flat.about.flag or flat.name).replace('_', '-')}"


def _kind(flat: Flat) -> Any:
    """The type that the command line reads: one of str, int, float, bool, Path and list[str]."""
    if flat.about.duration:
        return str
    kinds = [part for part in _members(flat.type) if part is not type(None)]
    kind = kinds[0] if len(kinds) == 1 else str
    if get_origin(kind) is tuple:
        return list[str]
    return kind if kind in (str, int, float, bool, Path) else str


def _members(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _help(flat: Flat) -> str:
    """The help text, with choices and the default."""
    about = flat.about
    text = about.help
    if about.choices:
        text = f"{text.rstrip('.;')}{';' if text.endswith(';') else ':'} {_listed(about.choices)}."
    default = about.default if about.default is not None else _default(flat)
    return escape(text) + (f" [dim]{escape(f'[default: {default}]')}[/dim]" if default else "")


def _default(flat: Flat) -> str:
    value = flat.default
    if value is None or value is False or value == () or value is msgspec.NODEFAULT:
        return ""
    if flat.about.duration:
        return compact(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return re.sub(r"\.0$", "", str(value))


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
