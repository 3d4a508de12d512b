"""Documents: versioned JSON, checked key by key, in files that are written whole or not at all."""

import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rayzc.errors import RayzcError, RunError
from rayzc.options.option import located

__all__ = [
    "SCHEMA_VERSION",
    "document_text",
    "json_text",
    "read_document",
    "record_of",
    "replacing",
    "require_schema",
    "write_atomically",
]

RecordT = TypeVar("RecordT")

SCHEMA_VERSION = 1
"""The schema of configurations, checkpoints, results and halls of fame."""


def json_text(document: Mapping[str, Any]) -> str:
    """A JSON document as rayzc writes it: the same content gives the same bytes."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary file that replaces `path`, flushed to disk, if the block succeeds."""
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
    """Writes a text file atomically: after any failure, the file is either the old or the complete new one."""
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
            f"{document.get('rayzc', '?')}; this version reads schema "
            f"{SCHEMA_VERSION}: resume with the version that wrote it"
        )


def document_text(kind: str, content: dict[str, Any]) -> str:
    """Writes a document of this kind; nan and infinities, which JSON does not have, become text."""
    document = {"schema_version": SCHEMA_VERSION, "kind": kind, **msgspec.to_builtins(content)}
    try:
        return json.dumps(document, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(document), allow_nan=False)


def read_document(
    text: str | bytes, kind: str, where: str | Path, error: type[RayzcError] = RunError
) -> dict[str, Any]:
    """Reads a document of this kind.

    Args:
        text: what :func:`document_text` wrote.
        kind: what it must be.
        where: the file, for messages.
        error: the kind of error to raise.

    Returns:
        The content, without schema and kind.

    Raises:
        RayzcError: of the kind `error`: it is not JSON, of another kind, or of an unknown version.
    """
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise error(f"{where} is not valid JSON: {problem}") from None
    if not isinstance(document, dict) or document.pop("kind", None) != kind:
        raise error(f"{where} is not a document of the kind '{kind}'")
    version = document.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise error(
            f"{where} has schema {version!r}; this version of rayzc reads schema {SCHEMA_VERSION}: continue with the "
            "version that wrote it, or start a new run"
        )
    return document


def record_of(
    content: Any, kind: type[RecordT], where: str | Path, error: type[RayzcError] = RunError
) -> RecordT:
    """Makes a record, a struct or a tuple of types, of a document's content.

    Raises:
        RayzcError: of the kind `error`: a key is unknown or missing, or a value has another type; names the key.
    """
    try:
        return msgspec.convert(content, kind, strict=False)  # "nan" and "-inf" are numbers
    except msgspec.ValidationError as problem:
        raise error(f"{where}: {located(str(problem))}") from None


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
