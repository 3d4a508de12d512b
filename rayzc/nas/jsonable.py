"""Numbers and documents as JSON: exact, versioned, and without what JSON does not know."""

import json
import math
from collections.abc import Iterable
from typing import Any

from rayzc.errors import SearchError

__all__ = ["SCHEMA_VERSION", "packed", "read_document", "unpacked"]

SCHEMA_VERSION = 1


def packed(values: Iterable[float]) -> list[float | str]:
    """Floats as JSON has them; nan and infinities, which it has not, as text."""
    return [float(value) if math.isfinite(value) else str(float(value)) for value in values]


def unpacked(values: Iterable[float | str]) -> list[float]:
    """The opposite of :func:`packed`."""
    return [float(value) for value in values]


def read_document(text: str | bytes, kind: str) -> dict[str, Any]:
    """Reads a JSON document of this kind.

    Raises:
        SearchError: it is none, is of another kind, or of a version that is not known.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SearchError(f"the saved {kind} is no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise SearchError(f"this JSON document is no {kind}")
    if document.get("schema_version") != SCHEMA_VERSION:
        raise SearchError(
            f"the saved {kind} has schema {document.get('schema_version')!r}; this version of rayzc reads schema "
            f"{SCHEMA_VERSION}: continue with the version that wrote it, or start anew"
        )
    return document
