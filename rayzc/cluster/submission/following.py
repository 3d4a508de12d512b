"""Following a job: what it prints, through connections that break off, until it has ended."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from rayzc.cluster.submission.client import JobRecord, Server
from rayzc.cluster.submission.dashboard import UnreachableError
from rayzc.errors import ClusterError

__all__ = ["follow", "persistently", "waited"]

PATIENCE = 600.0
"""How many seconds a server may be away before we give up. The job itself goes on."""

_SILENCE = 20.0
"""After so many seconds without a word, the connection is made anew: a dead one says nothing, either."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_PAUSE_WHEN_BROKEN = 2.0
_PERSISTENCE = 30.0

ResultT = TypeVar("ResultT")


def follow(
    server: Server,
    identity: str,
    write: Callable[[str], None],
    say: Callable[[str], None],
    patience: float = PATIENCE,
) -> JobRecord:
    """Passes on what a job prints, each part once, until the job has ended.

    Args:
        server: where the job runs.
        identity: its submission id.
        write: called with each part of its log.
        say: called with a line when the connection is lost, and when it is there again.
        patience: how many seconds the server may be away.

    Returns:
        The job, which has ended.

    Raises:
        UnknownJobError: the server does not know the job, or no longer.
        ClusterError: the server was away for too long.
    """
    log = _Log(write)
    away_since: float | None = None
    pause = _FIRST_PAUSE
    while True:
        try:
            broken = not asyncio.run(_listen(server, identity, log))
            record = server.job(identity)
            if record.has_ended:
                # The last lines may be missing. They are lost if the node that the job ran on is gone.
                with suppress(UnreachableError):
                    log.replace(persistently(lambda: server.logs(identity)))
            elif broken:
                # A proxy may let requests through, but no lasting connection.
                log.replace(server.logs(identity))
            if away_since is not None:
                say(f"{server.address} answers again")
                away_since, pause = None, _FIRST_PAUSE
            if record.has_ended:
                return record
            time.sleep(_PAUSE_WHEN_BROKEN if broken else _FIRST_PAUSE)
        except UnreachableError as error:
            now = time.monotonic()
            if away_since is None:
                away_since = now
                say(f"the connection to {server.address} is lost, and is tried again; the job goes on")
            if now - away_since > patience:
                raise ClusterError(
                    f"{error} (the job may still run: repeat the command to follow it)"
                ) from None
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def waited(server: Server, identity: str, seconds: float, pause: float = 0.5) -> JobRecord:
    """Waits until a job has ended.

    Args:
        server: where it runs.
        identity: its submission id.
        seconds: how long to wait.
        pause: seconds between two looks.

    Returns:
        The job; it still runs if the time was not enough.

    Raises:
        ClusterError: the server stays away, or does not know the job.
    """
    deadline = time.monotonic() + seconds
    while (
        not (record := persistently(lambda: server.job(identity))).has_ended and time.monotonic() < deadline
    ):
        time.sleep(pause)
    return record


def persistently(
    ask: Callable[[], ResultT], seconds: float | None = None, pause: float = _FIRST_PAUSE
) -> ResultT:
    """Asks a server again while it does not answer.

    Args:
        ask: the question.
        seconds: how long to go on; by default half a minute.
        pause: seconds between two questions.

    Raises:
        ClusterError: the server stays away, or refuses.
    """
    deadline = time.monotonic() + (_PERSISTENCE if seconds is None else seconds)
    while True:
        try:
            return ask()
        except UnreachableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(pause)


class _Log:
    """A log of which each part is passed on once, although every connection begins with its first line."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._written = 0
        self._seen = 0

    def restart(self) -> None:
        """A new connection begins."""
        self._seen = 0

    def add(self, text: str) -> None:
        """The next part of this connection."""
        known = max(self._written - self._seen, 0)
        self._seen += len(text)
        if len(text) > known:
            self._write(text[known:])
            self._written = self._seen

    def replace(self, whole: str) -> None:
        """All of the log at once."""
        self.restart()
        self.add(whole)


async def _listen(server: Server, identity: str, log: _Log) -> bool:
    """Listens on one connection until it ends, or nothing was said for a while; whether it did not break off."""
    log.restart()
    parts = server.tail(identity)
    with suppress(TimeoutError, StopAsyncIteration):
        while True:
            try:
                text = await asyncio.wait_for(anext(parts), _SILENCE)
            except UnreachableError:
                return False
            log.add(text)
    return True
