"""What differs between files of this machine and those on other file systems: :func:`at` chooses, all else is alike."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rayzc.documents import write_atomically
from rayzc.errors import RunError
from rayzc.runs.events import AppendedLog, Log, RewrittenLog
from rayzc.runs.lease import OWNER_PREFIX, Lease
from rayzc.runs.lock import LOCK_FILES, locked
from rayzc.runs.stores import StorePath
from rayzc.runs.uris import is_uri, local_path

__all__ = ["AnyPath", "at", "holds_a_run", "place_of"]

AnyPath = Path | StorePath
"""A path on this machine, or on another file system."""


def place_of(place: str | AnyPath) -> AnyPath:
    """The path that a user means by a path or a URI; that of a ``file://`` is one of this machine.

    Raises:
        RunError: the URI cannot be used.
    """
    if isinstance(place, StorePath):
        return place
    if is_uri(place) and not str(place).startswith("file://"):
        return StorePath.of(str(place))
    return local_path(place, "")


def holds_a_run(name: str) -> bool:
    """Whether a file in a run's folder says which process works on the run."""
    return name in LOCK_FILES or name.startswith(OWNER_PREFIX)


class _Local:
    """A file or folder of this machine.

    Args:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, content: str) -> None:
        """Writes a text file: after any failure it is the old or the new one.

        Raises:
            OSError: it cannot be written.
        """
        write_atomically(self._path, content)

    def made(self) -> AbstractContextManager[Path]:
        """Where to write the file, by what writes files whole or not at all."""
        return nullcontext(self._path)

    def fetched(self) -> AbstractContextManager[Path]:
        """The file on this machine, for the duration of the block."""
        return nullcontext(self._path)

    def log(self) -> Log:
        """The file as a log."""
        return AppendedLog(self._path)

    def remove(self) -> None:
        """Removes the folder and all that is in it."""
        shutil.rmtree(self._path)

    def locked(self, warn: Callable[[str], None]) -> AbstractContextManager[list[str]]:
        """Reserves the run of the folder for this process, see :func:`rayzc.runs.lock.locked`."""
        return _nobody(locked(self._path))


class _Stored:
    """A file or folder on another file system.

    Args:
        path: where it is.
    """

    def __init__(self, path: StorePath) -> None:
        self._path = path

    def write(self, content: str) -> None:
        """Writes a text file: after any failure it is the old or the new one.

        Raises:
            OSError: it cannot be written.
        """
        self._path.write_bytes(content.encode())

    @contextmanager
    def made(self) -> Iterator[Path]:
        """Where to write the file; it is copied at the end of the block.

        Raises:
            OSError: it cannot be copied.
        """
        with tempfile.TemporaryDirectory(prefix="rayzc-") as folder:
            yield Path(folder, self._path.name)
            self._path.write_bytes(Path(folder, self._path.name).read_bytes())

    @contextmanager
    def fetched(self) -> Iterator[Path]:
        """A copy of the file on this machine, for the duration of the block.

        Raises:
            OSError: it cannot be read.
        """
        with tempfile.TemporaryDirectory(prefix="rayzc-") as folder:
            copy = Path(folder, self._path.name)
            copy.write_bytes(self._path.read_bytes())
            yield copy

    def log(self) -> Log:
        """The file as a log."""
        return RewrittenLog(self._path)

    def remove(self) -> None:
        """Removes the folder and all that is in it."""
        self._path.remove()

    @contextmanager
    def locked(self, warn: Callable[[str], None]) -> Iterator[list[str]]:
        """Reserves the run of the folder for this process, see :class:`rayzc.runs.lease.Lease`.

        Yields:
            The dead processes, in words, that it was taken over from.

        Raises:
            RunError: another process works on the run, or the folder cannot be written.
        """
        lease = Lease(self._path, warn)
        try:
            dead = lease.take()
        except OSError as error:
            raise RunError(f"{self._path} cannot be written: {error.strerror or error}") from None
        try:
            yield dead
        finally:
            lease.release()


def at(path: AnyPath) -> _Local | _Stored:
    """What can be done with a file or folder, wherever it is."""
    return _Stored(path) if isinstance(path, StorePath) else _Local(path)


@contextmanager
def _nobody(lock: AbstractContextManager[None]) -> Iterator[list[str]]:
    with lock:
        yield []
