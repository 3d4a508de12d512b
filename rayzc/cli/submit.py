"""``rayzc submit``: run a command as a job of a cluster."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from rayzc.cli.options import takes_options
from rayzc.options import JobServer, SubmitOptions

if TYPE_CHECKING:
    from rayzc.cluster.submission import JobRecord, Server

__all__ = ["conclude", "say", "submit"]

COMMAND = "discover, study, search, run, train, fill or build-suite."
ARGUMENTS = "Arguments of the command, after --. Files that they name are uploaded."


@takes_options(options=SubmitOptions, server=JobServer)
def submit(
    command: Annotated[str, typer.Argument(metavar="COMMAND", help=COMMAND, show_default=False)],
    options: SubmitOptions,
    server: JobServer,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="-- ARGS", help=ARGUMENTS, show_default=False)
    ] = None,
) -> None:
    """Run a command of rayzc as a job of a cluster, follow it, and fetch its results.

    The job continues when this command is interrupted. Repeat the command to attach to the job, to resume it after it
    was stopped, or to fetch its results.
    """
    from rayzc.cli.job_arguments import job_arguments

    prepared = job_arguments(command, arguments or [], options.include, options.on_cluster)

    from rayzc.cluster.submission import Submission, automatic_name, check_target, connect, start
    from rayzc.cluster.submission.inputs import check_size

    size = check_size(prepared.inputs)
    name = options.name or automatic_name(command, prepared.arguments, prepared.inputs)
    submission = Submission(
        name,
        command,
        prepared.arguments,
        prepared.inputs,
        options.remote_folder or f"~/rayzc-runs/{name}",
        options.python,
        options.install,
    )
    target = options.out or Path("runs", name)
    if not options.no_fetch:
        check_target(target, name)
    there = connect(server.address)
    try:
        job, started = start(there, submission)
    except KeyboardInterrupt:
        say("\ninterrupted; `rayzc jobs list` tells whether the job was submitted")
        sys.exit(130)
    if started:
        files = f", with {len(prepared.inputs)} of your files and folders ({size / 1024**2:.1f} MiB)"
        say(
            f"job {name} is submitted to {there.address}{files if prepared.inputs else ''}; its folder is {job.folder}"
        )
    elif job.has_ended:
        say(f"job {name} has succeeded before")
    else:
        say(f"job {name} is {job.status.lower()} already: attached")
    if options.detach:
        say(_advice(name, there))
        return
    try:
        if started or not job.has_ended:
            job = _followed(there, job)
        conclude(job, there)
    except KeyboardInterrupt:
        say(f"\ndetached; {_advice(name, there)}")
        sys.exit(130)
    try:
        if not options.no_fetch:
            _fetched(there, job, target, options.python)
    except KeyboardInterrupt:
        say("\ninterrupted; repeat the command to fetch the results")
        sys.exit(130)


def say(text: str) -> None:
    """Prints a line on standard error."""
    typer.echo(text, err=True)


def _advice(name: str, server: "Server") -> str:
    address = f" --address {shlex.quote(server.address)}"
    return (
        f"the job goes on\n  to follow it:  rayzc jobs logs {name} --follow{address}\n"
        f"  to stop it:    rayzc jobs stop {name}{address}\n"
        "  repeat the command to fetch its results"
    )


def _followed(server: "Server", job: "JobRecord") -> "JobRecord":
    from rayzc.cluster.submission import follow

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    return follow(server, job.id, write, say)


def conclude(job: "JobRecord", server: "Server") -> None:
    """Leaves with code 1 and the reason where a job has not succeeded.

    Args:
        job: which has ended.
        server: where it ran.
    """
    if job.status == "SUCCEEDED":
        return
    if job.status == "STOPPED":
        _leave(
            f"the job '{job.name}' was stopped: submit it again to continue from {job.folder or 'the start'}"
        )
    code = "" if job.exit_code is None else f" with exit code {job.exit_code}"
    log = _log(job, server) if job.exit_code is not None else ""
    lines = [line.strip() for line in (log or job.message).splitlines() if line.strip()]
    reason = lines[-1].removeprefix("rayzc: ") if lines else "no reason is known"
    _leave(f"the job '{job.name}' failed{code}: {reason}{_hint(job, reason)}")


def _log(job: "JobRecord", server: "Server") -> str:
    """What a job has printed; empty if it is lost with the node that the job ran on."""
    from rayzc.cluster.submission.dashboard import UnreachableError
    from rayzc.cluster.submission.following import persistently

    try:
        return persistently(lambda: server.logs(job.id))
    except UnreachableError:
        return ""


def _hint(job: "JobRecord", reason: str) -> str:
    """What to do where the cluster's Python is the reason."""
    if job.exit_code == 127:
        return "; name the Python that has the cluster's Ray: --python PATH"
    if reason.startswith(("ModuleNotFoundError", "ImportError")):
        return "; name the Python that has what rayzc needs, --python PATH, or add --install"
    return ""


def _leave(reason: str) -> NoReturn:
    say(f"rayzc: {reason}")
    sys.exit(1)


def _fetched(server: "Server", job: "JobRecord", target: Path, python: str) -> None:
    """Fetches the results and says where they are."""
    from rayzc.cluster.submission import fetch
    from rayzc.errors import counted

    found = fetch(server, job, target, python)
    say(f"results    {target}: {counted(len(found.files), 'file')}")
    for name, size in found.left_out:
        say(f"too large  {name} ({size / 1024**2:,.1f} MiB) stays in {job.folder}/run on the cluster")
