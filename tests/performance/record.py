"""The results of ``make bench`` by version: a file of numbers, and the table in docs that is written from it."""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rayzc.version import __version__

__all__ = ["NUMBERS", "PAGE", "column_of", "record", "table"]

_DOCS = Path(__file__).parents[2] / "docs" / "figures"
NUMBERS, PAGE = _DOCS / "bench.json", _DOCS / "bench.md"
_MARK = "<!-- bench: this table is written by make bench, from bench.json -->\n"


def column_of(version: str) -> str:
    """The column of a version: all that lies between two releases has one, which the next run replaces.

    Args:
        version: such as ``0.2.0`` or ``0.2.1.dev12``.
    """
    base, _, development = version.partition(".dev")
    return f"before {base}" if development and base != "0" else "development" if development else base


def record(
    rows: Iterable[Mapping[str, Any]], version: str = __version__, numbers: Path = NUMBERS, page: Path = PAGE
) -> None:
    """Adds results to the numbers, and writes the table anew; benchmarks that were not run keep theirs.

    Args:
        rows: results with ``name``, ``unit``, ``ours``, ``peer`` and ``ratio``; others are left out.
        version: the version that was measured.
        numbers: the file of numbers.
        page: the page, which keeps all that stands before the table.
    """
    known: dict[str, Any] = json.loads(numbers.read_text(encoding="utf-8")) if numbers.exists() else {}
    column = known.setdefault(column_of(version), {"rows": {}})
    column["day"] = f"{datetime.now(UTC):%Y-%m-%d}"
    column["machine"] = f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}"
    for row in rows:
        if "ratio" in row:
            column["rows"][row["name"]] = {key: row[key] for key in ("unit", "ours", "peer", "ratio")}
    numbers.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    before = page.read_text(encoding="utf-8").partition(_MARK)[0]
    page.write_text(before + _MARK + "\n" + table(known), encoding="utf-8")


def table(known: Mapping[str, Any]) -> str:
    """The table in Markdown: a row for each benchmark, a column for each version, the newest last."""
    names = list(dict.fromkeys(name for column in known.values() for name in column["rows"]))
    lines = [
        f"| benchmark | {' | '.join(known)} |",
        f"| --- |{' ---: |' * len(known)}",
        *(f"| {name} | {' | '.join(_ratio(column, name) for column in known.values())} |" for name in names),
        "",
        *(f"- {version}: {column['day']}, {column['machine']}." for version, column in known.items()),
    ]
    return "\n".join(lines) + "\n"


def _ratio(column: Mapping[str, Any], name: str) -> str:
    """A cell: the ratio, and in brackets our own number."""
    row = column["rows"].get(name)
    return f"{row['ratio']:g} ({row['ours']:g} {row['unit']})" if row else ""
