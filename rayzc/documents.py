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

__all__ = [
    "IN_EVERY_DOCUMENT",
    "SCHEMA_VERSION",
    "document_of",
    "document_text",
    "finite",
    "in_words",
    "json_text",
    "key_in_words",
    "read_document",
    "read_record",
    "record_of",
    "replacing",
    "require_schema",
    "write_atomically",
]

RecordT = TypeVar("RecordT")

SCHEMA_VERSION = 1
"""The schema of configurations, checkpoints, searches, results and halls of fame."""

IN_EVERY_DOCUMENT = ("schema_version", "kind")
"""Keys that say what a document is."""


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


def require_schema(
    document: Mapping[str, Any], where: str | Path, error: type[RayzcError] = RunError
) -> None:
    """Checks that this version of rayzc reads a document.

    Raises:
        RayzcError: of the kind `error`: it is of another schema.
    """
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        by = f", written by rayzc {document['rayzc']}" if "rayzc" in document else ""
        raise error(
            f"{where} has schema {version!r}{by}; this version of rayzc reads schema {SCHEMA_VERSION}: continue with "
            "the version that wrote it, or start a new run"
        )


def document_of(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """A document of this kind as JSON knows it, but for nan and infinities."""
    return {"schema_version": SCHEMA_VERSION, "kind": kind, **msgspec.to_builtins(content)}


def document_text(kind: str, content: Mapping[str, Any]) -> str:
    """Writes a document of this kind; nan and infinities, which JSON does not have, become text."""
    document = document_of(kind, content)
    try:
        return json.dumps(document, allow_nan=False)
    except ValueError:
        return json.dumps(finite(document), allow_nan=False)


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
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise error(f"{where} is not a document of the kind '{kind}'")
    require_schema(document, where, error)
    return {key: value for key, value in document.items() if key not in IN_EVERY_DOCUMENT}


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
        raise error(f"{where}: {key_in_words(str(problem))}") from None


def read_record(
    text: str | bytes,
    kind: str,
    record: type[RecordT],
    where: str | Path,
    error: type[RayzcError] = RunError,
) -> RecordT:
    """Reads a document of this kind as a record, see :func:`read_document` and :func:`record_of`."""
    return record_of(read_document(text, kind, where, error), record, where, error)


def finite(value: Any) -> Any:
    """A value as JSON can hold it: numbers that are not finite become text, such as ``"-inf"``; tuples become lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


def key_in_words(message: str) -> str:
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
    return f"key '{path}' {in_words(message)}" if path else f"it {in_words(message)}"


_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


def in_words(message: str) -> str:
    """What a message of msgspec's says of a type: ``must be a whole number``."""
    what = message.partition(" - at ")[0]
    expected, separator, _ = what.removeprefix("Expected `").partition("`, got `")
    if not separator:
        return f"cannot be used: {what[0].lower()}{what[1:]}".replace("`", "")
    names = [_TYPES.get(name, name) for name in expected.split(" | ") if name != "null"]
    return f"must be {' or '.join(names)}"
