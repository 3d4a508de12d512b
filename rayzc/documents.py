"""Documents: JSON of a version that is known, in files that are whole or not there at all."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rayzc.errors import RunError

__all__ = ["SCHEMA_VERSION", "json_text", "replacing", "require_schema", "write_atomically"]

SCHEMA_VERSION = 1
"""The schema of configurations, checkpoints, results and halls of fame."""


def json_text(document: Mapping[str, Any]) -> str:
    """A JSON document as rayzc writes it: the same content gives the same bytes."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary file beside `path` that takes its place, flushed to disk, if the block succeeds."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: str) -> None:
    """Writes a text file that is, whatever happens, either the one before or the whole new one."""
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    """Makes a rename durable, where folders can be flushed (not on Windows)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def require_schema(document: Mapping[str, Any], path: Path) -> None:
    """Checks that this version of rayzc reads a configuration.

    Raises:
        RunError: it is of another schema.
    """
    if document.get("schema_version") != SCHEMA_VERSION:
        raise RunError(
            f"{path} has configuration schema {document.get('schema_version')}, written by rayzc "
            f"{document.get('rayzc', '?')}; this version reads schema {SCHEMA_VERSION}: resume with that one"
        )
