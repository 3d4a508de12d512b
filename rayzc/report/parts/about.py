"""What a run was asked to do, by which version, how long it took, and how to run it again."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rayzc.report.content import Block, Column, Command, Section, Table, Words

__all__ = ["again_section", "config_section", "flat"]


def config_section(document: Mapping[str, Any], more: Sequence[tuple[str, str]]) -> Section:
    """The configuration of a run, and how it went.

    Args:
        document: its ``config.json``.
        more: names and values that are not in it.
    """
    rows = tuple((name, text) for name, text in (*more, *flat(document)))
    table = Table("configuration", "All options", (Column("option"), Column("value", code=True)), rows)
    return Section("configuration", "Configuration and timings", (table,))


def again_section(lines: Sequence[str], note: str = "") -> Section:
    """How to run it again.

    Args:
        lines: commands.
        note: what to know before.
    """
    blocks: list[Block] = [Words(note)] if note else []
    return Section("again", "Run it again", (*blocks, Command(tuple(lines))))


def flat(document: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Nested options as names with dots and their values as text."""
    found = []
    for name, value in document.items():
        if name in ("schema_version",):
            continue
        if isinstance(value, Mapping):
            found += flat(value, f"{above}{name}.")
        else:
            found.append((f"{above}{name}", _text(value)))
    return found


def _text(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "—"
    return str(value)


def quoted(words: Sequence[str]) -> str:
    """A command line of these words."""
    return " ".join(shlex.quote(word) for word in words)
