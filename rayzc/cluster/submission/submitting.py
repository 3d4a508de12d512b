"""Submitting: a name stands for one run, whose jobs are attempts at it; there is never more than one at a time."""

import hashlib
import json
import re
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rayzc.cluster.submission.client import JobRecord, Server
from rayzc.cluster.submission.inputs import Input, digest_of, requirements, write_inputs, write_wheel
from rayzc.errors import ClusterError
from rayzc.version import __version__

__all__ = ["ENV_VARS", "Submission", "automatic_name", "identity_of", "latest", "start"]

ENV_VARS = {
    # SIGTERM gives a job time to write its last checkpoint; Ray's own patience is 3 s.
    "RAY_JOB_STOP_WAIT_TIME_S": "60",
    # The workers are processes of one core each.
    "OMP_NUM_THREADS": "1",
}
"""The environment of a job; ``jobs/runtime_env.yaml`` has it for `ray job submit`."""

_NAME = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9._])*")
_LONGEST_NAME = 80

_PASSING_OPTIONS = ("--workers", "--export")
_PASSING_FLAGS = frozenset({"--details", "--quiet", "-q", "--json", "--force"})
"""Options that may change from one attempt to the next."""


@dataclass(frozen=True)
class Submission:
    """What is to be run on a cluster.

    Attributes:
        name: of the run.
        command: of rayzc, one of :data:`rayzc.options.submitting.JOBS`.
        arguments: of the command, with paths as the job sees them.
        inputs: the files that the arguments name.
        folder: of the job, on the cluster.
        python: the Python of the cluster.
        install: whether nodes install what rayzc needs.
    """

    name: str
    command: str
    arguments: tuple[str, ...]
    inputs: tuple[Input, ...]
    folder: str
    python: str = "python"
    install: bool = False

    def __post_init__(self) -> None:
        """Checks the name.

        Raises:
            ClusterError: it cannot be part of an id, a path and a URL.
        """
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST_NAME:
            raise ClusterError(
                f"--name '{self.name}': write letters, digits, dots, underscores and single hyphens, at most "
                f"{_LONGEST_NAME} characters, a letter or digit first"
            )

    @property
    def digest(self) -> str:
        """A hash of what the run is, without options that may change from one attempt to the next."""
        return _digest(self.command, self.arguments)

    @property
    def begins_anew(self) -> bool:
        """Whether an earlier run of the name is to be overwritten."""
        return "--force" in self.arguments

    @property
    def entrypoint(self) -> str:
        """The command line of the job."""
        words = ["rayzc.cli.submitted", self.command, self.folder, self.digest, *self.arguments]
        # Without exec, the shell would stay as another process to stop.
        return f"exec {shlex.quote(self.python)} -m {shlex.join(words)}"


def automatic_name(command: str, arguments: Sequence[str], inputs: Sequence[Input]) -> str:
    """A name made of the command, its arguments and its files: equal submissions have equal names."""
    whole = f"{_digest(command, arguments)} {digest_of(inputs)}"
    return f"{command}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _digest(command: str, arguments: Sequence[str]) -> str:
    lasting: list[str] = []
    skip = False
    for text in arguments:
        if skip or text in _PASSING_FLAGS or text.startswith(tuple(f"{name}=" for name in _PASSING_OPTIONS)):
            skip = False
        elif text in _PASSING_OPTIONS:
            skip = True
        else:
            lasting.append(text)
    return hashlib.sha256(json.dumps([command, *lasting]).encode()).hexdigest()[:16]


def identity_of(name: str, attempt: int) -> str:
    """The submission id of an attempt; names have no two hyphens in a row, so ids of different names differ."""
    return f"rayzc-{name}" if attempt == 1 else f"rayzc-{name}--{attempt}"


def latest(server: Server, name: str) -> JobRecord | None:
    """The newest job of a name, None if there is none; jobs that others submitted have their ids as names.

    Raises:
        ClusterError: the server does not answer.
    """
    jobs = [
        record for record in server.jobs() if record.name == name and "rayzc_fetch" not in record.metadata
    ]
    return max(jobs, key=lambda record: record.attempt, default=None)


def start(server: Server, submission: Submission) -> tuple[JobRecord, bool]:
    """Starts a job, or finds the one that there is.

    A job that runs is found, and so is one that has succeeded, unless the run is to begin anew. After one that was
    stopped or has failed, the next attempt is started, which continues the run in its folder.

    Args:
        server: where to.
        submission: what to run.

    Returns:
        The job, and whether it was started now.

    Raises:
        ClusterError: the name stands for another command, or its files have changed; or the server does not answer.
    """
    before = latest(server, submission.name)
    files = digest_of(submission.inputs)
    if before is not None:
        _check_same(before, submission, files)
        if not before.has_ended or (before.status == "SUCCEEDED" and not submission.begins_anew):
            return before, False
    attempt = 1 if before is None else before.attempt + 1
    identity = identity_of(submission.name, attempt)
    note = {
        "rayzc_name": submission.name,
        "rayzc_command": submission.command,
        "rayzc_attempt": str(attempt),
        "rayzc_folder": submission.folder,
        "rayzc_digest": submission.digest,
        "rayzc_files": files,
        "rayzc_version": __version__,
    }
    with tempfile.TemporaryDirectory(prefix="rayzc-submit-") as folder:
        environment: dict[str, object] = {
            "env_vars": dict(ENV_VARS),
            "py_modules": [str(write_wheel(Path(folder)))],
        }
        if submission.inputs:
            upload = Path(folder, "inputs.zip")
            write_inputs(submission.inputs, upload)
            environment["working_dir"] = str(upload)
        if submission.install:
            environment["pip"] = requirements()
        started = server.submit(identity, submission.entrypoint, environment, note)
    job = server.job(identity)
    if not started:
        _check_same(job, submission, files)
    return job, started


def _check_same(before: JobRecord, submission: Submission, files: str) -> None:
    """Checks that the job of a name is what is submitted now.

    Raises:
        ClusterError: it is something else.
    """
    name = submission.name
    same = before.metadata.get("rayzc_digest") == submission.digest
    if not before.has_ended and (submission.begins_anew or not same):
        raise ClusterError(
            f"a job '{name}' runs already{'' if same else ', with other arguments'}: choose another --name, or stop it "
            f"first with `rayzc jobs stop {name}`"
        )
    if submission.begins_anew:
        return
    if not same:
        raise ClusterError(
            f"there was a job '{name}' with another command or other arguments: choose another --name, or add --force "
            "to the arguments to begin anew"
        )
    if before.status == "SUCCEEDED" and before.metadata.get("rayzc_files") != files:
        raise ClusterError(
            f"the job '{name}' has succeeded, and its files have changed since: choose another --name, or add --force "
            "to the arguments to begin anew"
        )
