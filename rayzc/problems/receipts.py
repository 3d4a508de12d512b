"""The receipt of a folder of downloads: checksum and origin of every file that arrived, in a JSON file beside them.

From then on a file that differs from its receipt is fetched again, and a place whose file differs is passed over.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rayzc.documents import replacing
from rayzc.errors import SuiteError

__all__ = ["Receipts"]


@dataclass(frozen=True, slots=True)
class Receipts:
    """What has arrived.

    Attributes:
        path: the JSON file.
        entries: checksum, size, origin and date, by the name of the file.

    Raises:
        SuiteError: the JSON file is there and unreadable.
    """

    path: Path
    entries: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path.is_file():
            return
        try:
            for name, entry in json.loads(self.path.read_bytes()).items():
                self.entries[name] = {key: str(entry[key]) for key in ("sha256", "bytes", "url", "date")}
        except (ValueError, AttributeError, TypeError, KeyError):
            raise SuiteError(
                f"{self.path}: the receipt is unreadable; remove it to accept the files as they are"
            ) from None

    def origin(self, name: str) -> str:
        """The address or path from which a file came."""
        return self.entries[name]["url"]

    def check(self, name: str, path: Path) -> None:
        """Checks that a file is the one that arrived first, if one has.

        Raises:
            SuiteError: it differs.
        """
        if name not in self.entries:
            return
        expected = self.entries[name]["sha256"]
        if (found := _sha256(path)) != expected:
            raise SuiteError(
                f"its SHA-256 is {found[:16]}..., the receipt of the first download says {expected[:16]}...; to accept "
                f"another file, remove {self.path}"
            )

    def note(self, name: str, path: Path, origin: str) -> None:
        """Notes a file unless it is noted already."""
        if name in self.entries:
            return
        self.entries[name] = {
            "sha256": _sha256(path),
            "bytes": str(path.stat().st_size),
            "url": origin,
            "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps(self.entries, indent=2) + "\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
