"""The log of a run, ``events.jsonl``: lines are appended, or, where files cannot grow, all are written anew."""

import time
from contextlib import suppress
from pathlib import Path

from rayzc.runs.stores import StorePath

__all__ = ["AppendedLog", "Log", "RewrittenLog"]

_WRITE_SECONDS = 10.0
_RETRY_SECONDS = 60.0


class AppendedLog:
    """A file that grows by a line at a time.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, line: str) -> None:
        """Appends a line, if the file can be written."""
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def lines(self) -> list[str]:
        """All lines."""
        return self._path.read_text(encoding="utf-8").splitlines() if self._path.is_file() else []

    def silent(self) -> float | None:
        """Seconds since the last line; None if there is none."""
        try:
            return time.time() - self._path.stat().st_mtime
        except OSError:
            return None

    def flush(self) -> None:
        """Makes sure that all lines are in the file."""


class RewrittenLog:
    """A file that is replaced, at most every few seconds, by one with more lines; the rest is kept in memory.

    Args:
        path: the file.
    """

    def __init__(self, path: StorePath) -> None:
        self._path = path
        self._earlier: list[str] | None = None  # until they have been read
        self._added: list[str] = []
        self._last: float | None = None
        self._next_write = 0.0
        self._written = True

    def add(self, line: str) -> None:
        """Adds a line, and writes the file if it was not written for a while."""
        self._added.append(line)
        self._last, self._written = time.monotonic(), False
        if self._last >= self._next_write:
            self.flush()

    def lines(self) -> list[str]:
        """All lines, those that are not written yet, too.

        Raises:
            OSError: the file cannot be read.
        """
        if self._earlier is None:
            try:
                self._earlier = self._path.read_text().splitlines()
            except FileNotFoundError:
                self._earlier = []
        return self._earlier + self._added

    def silent(self) -> float | None:
        """Seconds since the last line of this process; None if there is none."""
        return None if self._last is None else time.monotonic() - self._last

    def flush(self) -> None:
        """Writes the file, if it can be written."""
        if self._written:
            return
        try:
            self._path.write_bytes("".join(f"{line}\n" for line in self.lines()).encode())
        except OSError:
            self._next_write = time.monotonic() + _RETRY_SECONDS
        else:
            self._next_write, self._written = time.monotonic() + _WRITE_SECONDS, True


Log = AppendedLog | RewrittenLog
"""The log of a run."""
