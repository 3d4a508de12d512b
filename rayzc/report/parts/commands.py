"""The command line that does a run again: its options that differ from the defaults."""

import shlex
from typing import Any

import msgspec

from rayzc.options import Options, flattened

__all__ = ["command_line"]

_NOT_GIVEN = (None, (), msgspec.NODEFAULT)


def command_line(
    command: str, kind: type[Options], options: Options, first: dict[str, str], skip: set[str]
) -> str:
    """The command with every option that is not the default.

    Args:
        command: its name, such as ``discover``.
        kind: its class of options.
        options: what was chosen.
        first: flags that come first, with their values.
        skip: names of options to leave out.
    """
    words = ["rayzc", *command.split()]
    for name, text in first.items():
        words += [name, text]
    for flat in flattened(kind).values():
        value: Any = options
        for field in flat.path:
            value = getattr(value, field)
        if flat.name in skip or flat.about.hidden or value in _NOT_GIVEN or value == flat.default:
            continue
        flag = "--" + (flat.about.flag or flat.name).replace("_", "-")
        if value is True:
            words.append(flag)
        elif value is False:
            continue
        elif flat.about.commas and isinstance(value, tuple):
            words += [flag, ",".join(map(str, value))]
        elif isinstance(value, tuple):
            for each in value:
                words += [flag, str(each)]
        elif flat.about.duration:
            words += [flag, f"{value:g}s"]
        else:
            words += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
    return " ".join(shlex.quote(word) for word in words)
