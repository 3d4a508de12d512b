"""Writes the reference of all commands and options from the commands and options themselves."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_COMMANDS = """# Commands

What `rayzc COMMAND --help` says, for all commands. The options of a run are keywords in Python, too:
[Options](options.md).
"""

_OPTIONS = """# Options

All options of the functions in Python, by class, with their defaults and ranges. A function takes each as a keyword, or
all of a class as one object: `rayzc.discover(suite, holdout=0.25)` and
`rayzc.discover(suite, options=rayzc.DiscoverOptions(holdout=0.25))` are the same.
"""


_ANY = 2**53
"""Limits from here on are those of the number's type, and say nothing."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the two pages."""
    files.append(File.generated(config, "reference/commands.md", content="\n".join(commands())))
    files.append(File.generated(config, "reference/options.md", content="\n".join(options())))
    return files


def commands() -> Iterator[str]:
    """The page of commands, in Markdown."""
    from rayzc.cli.app import app

    yield _COMMANDS
    yield from _described(typer.main.get_command(app), "rayzc")


def _described(command: Any, name: str) -> Iterator[str]:
    """A command, or the commands below it, in the order of ``--help``."""
    if hasattr(command, "commands"):
        for word, below in command.commands.items():
            yield from _described(below, f"{name} {word}")
        return
    context = command.make_context(name, [], resilient_parsing=True)
    usage = context.command.get_usage(context).removeprefix("Usage: ")
    yield f"## {name}\n\n```text\n{usage}\n```\n\n{_plain(command.help or '')}\n"
    yield "| option | |\n| --- | --- |"
    for parameter in command.params:
        if record := parameter.get_help_record(context):
            yield f"| `{_plain(record[0])}` | {_plain(record[1])} |"
    yield ""


def options() -> Iterator[str]:
    """The page of options, in Markdown."""
    from rayzc import options as kinds
    from rayzc.options.flat import flattened

    yield _OPTIONS
    for name in (
        *(
            "DiscoverOptions",
            "Settings",
            "Limits",
            "StudyOptions",
            "SearchOptions",
            "RunOptions",
            "TrainOptions",
            "ScoreOptions",
        ),
        *("ReportOptions", "FillOptions", "BuildOptions", "Cluster", "Place"),
    ):
        yield f"## {name}\n\n| option | default | range | |\n| --- | --- | --- | --- |"
        for flat in flattened(getattr(kinds, name)).values():
            yield f"| `{flat.name}` | {_default(flat)} | {_range(flat.about)} | {_plain(flat.about.help)} |"
        yield ""


def _default(flat: Any) -> str:
    """The default of an option in words."""
    if flat.about.default is not None:
        return _plain(flat.about.default)
    if flat.default is msgspec.NODEFAULT or flat.default is None or flat.default == ():
        return ""
    return f"`{_plain(str(flat.default))}`"


def _range(about: Any) -> str:
    """Which values an option takes."""
    if about.choices:
        return ", ".join(f"`{choice}`" for choice in about.choices)
    parts = [(about.above, "above"), (about.low, "at least"), (about.high, "at most")]
    return ", ".join(f"{word} {limit:g}" for limit, word in parts if limit is not None and limit < _ANY)


def _plain(text: str) -> str:
    """A text for a cell of a table, without what Markdown would take for a mark."""
    words = " ".join(re.sub(r"\[/?dim\]|\x08|\\\\(?=\[)", "", text).split())
    return words.replace("|", "\\|").replace("<", "&lt;")
