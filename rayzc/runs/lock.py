"""The lock of a run: one process at a time works on it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rayzc.errors import RunError

__all__ = ["LOCK_FILES", "locked"]

_LOCK, _OWNER = ".lock", ".owner"
LOCK_FILES = frozenset({_LOCK, _OWNER})
"""The files in a run's folder that keep it for one process, and say which."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Reserves a run for this process for the duration of the block.

    The system releases the lock of a process that dies, so that nothing has to be removed by hand.

    Args:
        path: the run's folder.

    Raises:
        RunError: another process works on the run, or the folder cannot be written.
    """
    owner = path / _OWNER
    lock = FileLock(path / _LOCK)
    try:
        owner.touch()  # where this fails, the lock would make the folder
        lock.acquire(timeout=0)
    except Timeout:
        name = "another process"
        with suppress(OSError):
            name = owner.read_text(encoding="utf-8") or name
        raise RunError(
            f"{path}: {name} is working on this run: wait until it has ended, or stop it first"
        ) from None
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from None
    try:
        with suppress(OSError):
            owner.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()
