"""The job server of a cluster: Ray's job SDK, with errors that say what to do."""

import logging
import os
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray.exceptions
from ray.job_submission import JobSubmissionClient

from rayzc.cluster.submission.dashboard import UnreachableError, find_dashboard, refused
from rayzc.cluster.tokens import known_token
from rayzc.errors import ClusterError, RayzcError, first_line

__all__ = ["JobRecord", "Server", "UnknownJobError", "connect"]

_SECONDS_TO_ANSWER = 30.0
_SECONDS_TO_UPLOAD = 600.0
_SECONDS_TO_BE_READY = 60.0
_SECONDS_BETWEEN_ATTEMPTS = 1.0
_NOT_READY = "No available agent"
"""What a dashboard answers while no node of its cluster can start jobs yet."""
_ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})


class UnknownJobError(ClusterError):
    """The job server knows no such job."""


@dataclass(frozen=True)
class JobRecord:
    """What the job server knows of a job.

    Attributes:
        id: the submission id.
        status: PENDING, RUNNING, STOPPED, SUCCEEDED or FAILED.
        message: what Ray says about the status.
        entrypoint: its command line.
        started: when it was submitted, in seconds since 1970, if that is known.
        ended: when it ended, likewise.
        exit_code: of its command, once it has ended.
        metadata: what :mod:`rayzc.cluster.submission.submitting` noted; empty for jobs that others submitted.
    """

    id: str
    status: str
    message: str
    entrypoint: str
    started: float | None
    ended: float | None
    exit_code: int | None
    metadata: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name that it was submitted under; for jobs that others submitted, the id."""
        return self.metadata.get("rayzc_name", self.id)

    @property
    def command(self) -> str:
        """The command of rayzc that it runs, empty for the jobs of others."""
        return self.metadata.get("rayzc_command", "")

    @property
    def attempt(self) -> int:
        """How many jobs of its name there are up to this one."""
        return int(self.metadata.get("rayzc_attempt", "1"))

    @property
    def folder(self) -> str:
        """Its folder on the cluster."""
        return self.metadata.get("rayzc_folder", "")

    @property
    def has_ended(self) -> bool:
        """Whether the status is final."""
        return self.status in _ENDED

    @classmethod
    def of(cls, details: Any) -> "JobRecord":
        """The record of what Ray's SDK returns."""

        def seconds(milliseconds: int | None) -> float | None:
            return None if milliseconds is None else milliseconds / 1000

        return cls(
            id=str(details.submission_id or details.job_id),
            status=str(getattr(details.status, "value", details.status)),
            message=details.message or "",
            entrypoint=details.entrypoint,
            started=seconds(details.start_time),
            ended=seconds(details.end_time),
            exit_code=details.driver_exit_code,
            metadata=dict(details.metadata or {}),
        )


class Server:
    """A job server that answers, and lets us in.

    Args:
        client: of Ray's SDK.
        address: of the dashboard.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self.address = address

    def jobs(self) -> list[JobRecord]:
        """All jobs that were submitted to the cluster, the earliest first.

        Raises:
            ClusterError: the server does not answer.
        """
        with self._errors():
            records = [JobRecord.of(job) for job in self._client.list_jobs() if job.submission_id]
        return sorted(records, key=lambda record: (record.started or 0.0, record.attempt))

    def job(self, identity: str) -> JobRecord:
        """The job of an id.

        Raises:
            UnknownJobError: there is none.
            ClusterError: the server does not answer.
        """
        with self._errors(identity):
            return JobRecord.of(self._client.get_job_info(identity))

    def submit(
        self, identity: str, entrypoint: str, runtime_env: Mapping[str, Any], metadata: Mapping[str, str]
    ) -> bool:
        """Uploads what the job needs, and starts it. A cluster that has just been started may need a minute for that.

        Returns:
            False if there is a job of this id already, which is left as it is.

        Raises:
            ClusterError: the server does not answer, or refuses the job.
        """
        deadline = time.monotonic() + _SECONDS_TO_BE_READY
        while True:
            try:
                with self._errors():
                    self._client.submit_job(
                        entrypoint=entrypoint,
                        submission_id=identity,
                        runtime_env=dict(runtime_env),
                        metadata=dict(metadata),
                    )
            except ClusterError as error:
                # Someone else was faster, or the answer to our own request was lost.
                if any(record.id == identity for record in self.jobs()):
                    return False
                if _NOT_READY not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
            else:
                return True

    def stop(self, identity: str) -> None:
        """Asks a job to stop.

        Raises:
            UnknownJobError: there is no such job.
            ClusterError: the server does not answer.
        """
        with self._errors(identity):
            self._client.stop_job(identity)

    def logs(self, identity: str) -> str:
        """All that a job has printed.

        Raises:
            UnknownJobError: there is no such job.
            ClusterError: the server does not answer.
        """
        with self._errors(identity):
            return str(self._client.get_job_logs(identity))

    async def tail(self, identity: str) -> AsyncIterator[str]:
        """What a job prints, from its first line on, as it comes; the connection may end before the job does.

        Raises:
            ClusterError: the connection broke off.
        """
        with self._errors(identity):
            async for text in self._client.tail_job_logs(identity):
                yield text

    @contextmanager
    def _errors(self, identity: str = "") -> Iterator[None]:
        """Turns the errors of Ray's SDK and of its HTTP libraries into our own."""
        import aiohttp

        try:
            yield
        except RayzcError:
            raise
        except ray.exceptions.AuthenticationError:
            raise refused(self.address, known_token() is not None) from None
        except (OSError, aiohttp.ClientError) as error:  # those of requests are OSErrors
            raise UnreachableError(
                f"the dashboard at {self.address} does not answer ({first_line(error)}): check that the cluster "
                "runs, and try again"
            ) from None
        except RuntimeError as error:
            status = re.search(r"status code (\d+)", str(error))
            if status and status[1] == "404" and identity:
                raise UnknownJobError(
                    f"the cluster at {self.address} knows no job '{identity}'; a cluster whose head was started "
                    "again has forgotten its jobs: submit the job again, and it continues from its folder"
                ) from None
            if status and status[1] == "413":
                raise ClusterError(
                    f"{self.address} refuses the upload as too large: put large files on the cluster, and name them "
                    "with --on-cluster"
                ) from None
            if status and status[1] >= "500" and identity:
                raise UnreachableError(
                    f"the dashboard at {self.address} cannot answer now: {_last_line(error)}"
                ) from None
            if status or identity == "":
                raise ClusterError(f"the dashboard at {self.address} refuses: {_last_line(error)}") from None
            raise UnreachableError(
                f"the connection to {self.address} broke off ({first_line(error)}): try again"
            ) from None


class _Client(JobSubmissionClient):
    """Ray's client, whose requests end."""

    def _do_request(self, method: str, endpoint: str, **given: Any) -> Any:
        given.setdefault("timeout", _SECONDS_TO_UPLOAD if method == "PUT" else _SECONDS_TO_ANSWER)
        return super()._do_request(method, endpoint, **given)


def connect(address: str | None = None) -> Server:
    """Connects to the job server of a cluster.

    Args:
        address: of the dashboard, see :func:`rayzc.cluster.submission.dashboard.find_dashboard`.

    Raises:
        ClusterError: there is no dashboard, it refuses us, or its Ray is too old; the message says what to do.
    """
    found = find_dashboard(address)
    # Its remarks are those of a library; what matters is an error.
    for module in ("dashboard_sdk", "job.sdk"):
        logging.getLogger(f"ray.dashboard.modules.{module}").setLevel(logging.ERROR)
    # The variable overrides the argument.
    before = os.environ.get("RAY_API_SERVER_ADDRESS")
    os.environ["RAY_API_SERVER_ADDRESS"] = found.address
    try:
        client = _Client(found.address, headers=dict(found.headers))
    except (OSError, RuntimeError) as error:
        raise UnreachableError(
            f"the dashboard at {found.name} does not answer: {first_line(error)}"
        ) from None
    finally:
        if before is None:
            del os.environ["RAY_API_SERVER_ADDRESS"]
        else:
            os.environ["RAY_API_SERVER_ADDRESS"] = before
    return Server(client, found.address)


def _last_line(error: Exception) -> str:
    """What a traceback that the server sends says at its end."""
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
