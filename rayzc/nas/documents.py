"""Searches and their results as JSON documents: versioned, checked key by key, with the numbers JSON does not know."""

import json
import math
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rayzc.errors import SearchError
from rayzc.options import located

__all__ = ["document_text", "read_document", "record_of"]

SCHEMA_VERSION = 1

RecordT = TypeVar("RecordT")


def document_text(kind: str, content: dict[str, Any]) -> str:
    """Writes a document of this kind; nan and infinities, which JSON does not have, become text."""
    document = {"schema_version": SCHEMA_VERSION, "kind": kind, **msgspec.to_builtins(content)}
    try:
        return json.dumps(document, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(document), allow_nan=False)


def read_document(text: str | bytes, kind: str, where: str | Path) -> dict[str, Any]:
    """Reads a document of this kind.

    Args:
        text: what :func:`document_text` wrote.
        kind: what it must be.
        where: the file, for messages.

    Returns:
        The content, without schema and kind.

    Raises:
        SearchError: it is not JSON, of another kind, or of an unknown version.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SearchError(f"{where} is not valid JSON: {error}") from None
    if not isinstance(document, dict) or document.pop("kind", None) != kind:
        raise SearchError(f"{where} is not a document of the kind '{kind}'")
    version = document.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise SearchError(
            f"{where} has schema {version!r}; this version of rayzc reads schema {SCHEMA_VERSION}: continue with the "
            "version that wrote it, or start a new run"
        )
    return document


def record_of(content: Any, kind: type[RecordT], where: str | Path) -> RecordT:
    """Makes a record, a struct or a tuple of types, of a document's content.

    Raises:
        SearchError: a key is unknown or missing, or a value has another type; names the key.
    """
    try:
        return msgspec.convert(content, kind, strict=False)  # "nan" and "-inf" are numbers
    except msgspec.ValidationError as error:
        raise SearchError(f"{where}: {located(str(error))}") from None


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
