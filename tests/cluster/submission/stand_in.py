"""A job server that is not there: it keeps jobs in a list."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rayzc.cluster.submission.client import JobRecord, Server, UnknownJobError
from rayzc.cluster.submission.dashboard import UnreachableError

__all__ = ["StandIn", "record"]


def record(identity: str, status: str = "RUNNING", **given: Any) -> JobRecord:
    """A job as a server knows it."""
    known: dict[str, Any] = {
        "message": "",
        "entrypoint": "true",
        "started": time.time(),
        "ended": None,
        "exit_code": None,
        "metadata": {},
    }
    return JobRecord(identity, status, **(known | given))


class StandIn(Server):
    """A server whose jobs are told to it.

    Attributes:
        known: the jobs by their ids.
        texts: their logs.
        connections: for each connection that follows a log, the parts that it gives; then it ends, or breaks off where
            the last part is None.
        away: how many requests fail before the next one is answered.
        stopped: the ids of jobs that were asked to stop.
    """

    def __init__(self, *records: JobRecord) -> None:
        super().__init__(None, "http://head:8265")
        self.known = {record.id: record for record in records}
        self.texts: dict[str, str] = {}
        self.connections: list[Sequence[str | None]] = []
        self.environments: dict[str, Mapping[str, Any]] = {}
        self.away = 0
        self.stopped: list[str] = []

    def end(self, identity: str, status: str, **given: Any) -> None:
        """Ends a job."""
        self.known[identity] = replace(self.known[identity], status=status, ended=time.time(), **given)

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            raise UnreachableError("the dashboard at http://head:8265 does not answer")

    def jobs(self) -> list[JobRecord]:
        self._answer()
        return list(self.known.values())

    def job(self, identity: str) -> JobRecord:
        self._answer()
        if identity not in self.known:
            raise UnknownJobError(f"no job '{identity}'")
        return self.known[identity]

    def submit(
        self, identity: str, entrypoint: str, runtime_env: Mapping[str, Any], metadata: Mapping[str, str]
    ) -> bool:
        if identity in self.known:
            return False
        self.known[identity] = record(identity, "PENDING", entrypoint=entrypoint, metadata=dict(metadata))
        self.environments[identity] = runtime_env
        return True

    def stop(self, identity: str) -> None:
        self.stopped.append(identity)
        self.end(identity, "STOPPED")

    def logs(self, identity: str) -> str:
        self._answer()
        return self.texts.get(identity, "")

    async def tail(self, identity: str) -> AsyncIterator[str]:
        parts = self.connections.pop(0) if self.connections else ()
        for part in parts:
            if part is None:
                raise UnreachableError("broken off")
            yield part
