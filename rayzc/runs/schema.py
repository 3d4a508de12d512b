"""The schema version of configurations: written into each, checked when one is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rayzc.errors import RunError

__all__ = ["SCHEMA_VERSION", "require_schema"]

SCHEMA_VERSION = 1


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
