"""Paths on other file systems, with the methods of :class:`pathlib.Path` that runs use."""

import errno
import fnmatch
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from rayzc.errors import RunError, first_line
from rayzc.runs.uris import file_system, without_secrets

__all__ = ["Store", "StorePath"]

ResultT = TypeVar("ResultT")

_ANSWER_SECONDS = 30.0
"""How long an operation may take; that of S3 gives up after 3 s where no server is, and 11 s where none answers."""

_PUT_WHOLE = frozenset({"s3", "gcs", "abfs"})
"""File systems on which a file is there when it is whole; on all others it is moved to its name then."""


class Store:
    """A file system that may be far away: no operation waits forever, and all that goes wrong is an OSError.

    Args:
        system: the file system, of pyarrow.

    Attributes:
        checks: called before anything is written; they raise an error where nothing may be.
    """

    def __init__(self, system: Any) -> None:
        self.system = system
        self.checks: list[Callable[[], None]] = []

    @property
    def puts_whole(self) -> bool:
        """Whether a file is there only once it is whole."""
        return self.system.type_name in _PUT_WHOLE

    def call(self, operation: Callable[[Any], ResultT]) -> ResultT:
        """What an operation on the file system returns.

        Raises:
            OSError: it failed, or gave no answer in time.
        """
        import pyarrow as pa

        # In a thread of its own: nothing else ends the wait for a mount or server that is gone, and signals are heard.
        answers: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                answers.put((operation(self.system), None))
            except Exception as error:
                answers.put((None, error))

        threading.Thread(target=work, name="rayzc-store", daemon=True).start()
        try:
            answer, error = answers.get(timeout=_ANSWER_SECONDS)
        except queue.Empty:
            raise OSError(errno.ETIMEDOUT, f"no answer within {_ANSWER_SECONDS:g} s") from None
        if isinstance(error, FileNotFoundError):
            raise error
        if isinstance(error, OSError | pa.ArrowException):
            raise OSError(getattr(error, "errno", None) or errno.EIO, first_line(error)) from None
        if error is not None:
            raise error
        return answer  # type: ignore[no-any-return]


@dataclass(frozen=True, order=True)
class StorePath:
    """A file or folder on another file system.

    Attributes:
        uri: its URI, without query and secrets.
        query: the query of the URI.
        path: the path on the file system.
        store: the file system.
    """

    uri: str
    query: str
    path: str
    store: Store = field(compare=False, repr=False)

    @classmethod
    def of(cls, uri: str) -> "StorePath":
        """The place of a URI.

        Raises:
            RunError: there is no such file system, or it cannot be used.
        """
        shown = without_secrets(uri)
        try:
            system, path = file_system(uri)
        except OSError as error:
            raise RunError(f"{shown} cannot be used: {error}") from None
        if not path:
            raise RunError(f"{shown} names no folder: write s3://bucket/folder")
        place, _, query = shown.partition("?")
        return cls(place.rstrip("/"), query, path, Store(system))

    def __str__(self) -> str:
        return f"{self.uri}?{self.query}" if self.query else self.uri

    def __truediv__(self, name: str) -> "StorePath":
        return StorePath(f"{self.uri}/{quote(name)}", self.query, f"{self.path}/{name}", self.store)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> "StorePath":
        """The folder that it is in; the topmost folder is in itself."""
        if "/" not in self.path:
            return self
        uri, path = (text.rpartition("/")[0] for text in (self.uri, self.path))
        return StorePath(uri, self.query, path, self.store)

    def exists(self) -> bool:
        """Whether it is there."""
        return self._kind() != "NotFound"

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self._kind() == "Directory"

    def is_file(self) -> bool:
        """Whether it is a file."""
        return self._kind() == "File"

    def iterdir(self) -> Iterator["StorePath"]:
        """What is in the folder."""
        return (self / name for name in self.modified())

    def glob(self, pattern: str) -> Iterator["StorePath"]:
        """What is in the folder, but not in folders below it, and has such a name."""
        return (path for path in self.iterdir() if fnmatch.fnmatchcase(path.name, pattern))

    def modified(self) -> dict[str, datetime | None]:
        """What is in the folder by name, and when it was written, by the clock of the file system."""
        from pyarrow import fs

        selector = fs.FileSelector(self.path, allow_not_found=True)
        return {
            info.base_name: info.mtime
            for info in self.store.call(lambda system: system.get_file_info(selector))
        }

    def read_bytes(self) -> bytes:
        """The content of the file."""

        def read(system: Any) -> bytes:
            with system.open_input_stream(self.path) as stream:
                return bytes(stream.read())

        return self.store.call(read)

    def read_text(self, encoding: str = "utf-8") -> str:
        """The content of the file, as text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, content: bytes) -> None:
        """Writes the file: after any failure it is the old or the new one.

        Raises:
            OSError: it cannot be written.
            RunError: nothing may be written there any more.
        """
        for check in tuple(self.store.checks):
            check()
        self.put(content)

    def put(self, content: bytes) -> None:
        """Like :meth:`write_bytes`, whether or not anything may be written there."""
        path = self.path if self.store.puts_whole else f"{self.parent.path}/.{self.name}.tmp"

        def write(system: Any) -> None:
            with system.open_output_stream(path) as stream:
                stream.write(content)
            if path != self.path:
                system.move(path, self.path)

        self.store.call(write)

    def unlink(self, missing_ok: bool = False) -> None:
        """Removes the file."""
        try:
            self.store.call(lambda system: system.delete_file(self.path))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rmdir(self) -> None:
        """Removes the folder, if it is empty."""
        if self.modified():
            raise OSError(errno.ENOTEMPTY, "it is not empty")
        self.remove()

    def remove(self) -> None:
        """Removes the folder and all that is in it."""
        self.store.call(lambda system: system.delete_dir(self.path))

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Makes the folder, where the file system has folders; `exist_ok` is as in :meth:`pathlib.Path.mkdir`."""
        if not exist_ok and self.exists():
            raise FileExistsError(errno.EEXIST, "it exists")
        self.store.call(lambda system: system.create_dir(self.path, recursive=parents))

    def _kind(self) -> str:
        return str(self.store.call(lambda system: system.get_file_info(self.path)).type.name)
