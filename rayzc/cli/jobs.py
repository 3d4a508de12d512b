"""``rayzc jobs``: list, follow and stop the jobs that ``rayzc submit`` submitted."""

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rayzc.cli.options import JsonOutput, takes_options
from rayzc.options import JobServer

if TYPE_CHECKING:
    from rich.table import Table

    from rayzc.cluster.submission import JobRecord, Server

__all__ = ["jobs"]

NAME = "Name of the job, or the id of a job that was not submitted by rayzc."
_SECONDS_TO_STOP = 90.0
_SECONDS_BETWEEN_WISHES = 5.0

jobs = typer.Typer(
    help="List, follow and stop the jobs of a cluster.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
AsName = Annotated[str, typer.Argument(metavar="NAME", help=NAME, show_default=False)]


@jobs.command("list")
@takes_options(server=JobServer, output=JsonOutput)
def list_jobs(
    server: JobServer,
    output: JsonOutput,
    everything: Annotated[
        bool, typer.Option("--all", help="Include earlier attempts, and jobs not submitted by rayzc.")
    ] = False,
) -> None:
    """List the jobs of a cluster, the latest attempt of each name."""
    from rayzc.cluster.submission import connect

    found = [record for record in connect(server.address).jobs() if "rayzc_fetch" not in record.metadata]
    if not everything:
        newest = {record.name: record for record in sorted(found, key=lambda record: record.attempt)}
        found = [record for record in found if record.command and newest[record.name] is record]
    if output.as_json:
        typer.echo(json.dumps([_document(record) for record in found], indent=1))
        return
    if not found:
        typer.echo("no jobs" if everything else "no jobs of rayzc; --all lists the others")
        return
    _print_table(found)


@jobs.command()
@takes_options(server=JobServer, output=JsonOutput)
def status(name: AsName, server: JobServer, output: JsonOutput) -> None:
    """Show the status of a job."""
    _, record = _found(server, name)
    if output.as_json:
        typer.echo(json.dumps(_document(record), indent=1))
        return
    for key, value in _document(record).items():
        if value not in (None, ""):
            typer.echo(f"{key.replace('_', ' '):14} {value}")


@jobs.command()
@takes_options(server=JobServer)
def logs(
    name: AsName,
    server: JobServer,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
) -> None:
    """Print the log of a job."""
    from rayzc.cli.submit import conclude, say
    from rayzc.cluster.submission import follow as followed

    there, record = _found(server, name)
    if not follow:
        typer.echo(there.logs(record.id), nl=False)
        return

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        conclude(followed(there, record.id, write, say), there)
    except KeyboardInterrupt:
        say(f"\ndetached; the job goes on, to stop it: rayzc jobs stop {name} --address {there.address}")
        sys.exit(130)


@jobs.command()
@takes_options(server=JobServer)
def stop(name: AsName, server: JobServer) -> None:
    """Stop a job, which writes a checkpoint first; submit it again to continue."""
    from rayzc.cluster.submission import waited
    from rayzc.errors import ClusterError

    there, record = _found(server, name)
    if record.has_ended:
        typer.echo(f"job {name} has ended already: {record.status.lower()}")
        return
    deadline = time.monotonic() + _SECONDS_TO_STOP
    ended = record
    while not ended.has_ended and time.monotonic() < deadline:
        # Ray forgets the wish where the job has not begun; a job that knows it is not disturbed by the next one.
        there.stop(record.id)
        ended = waited(there, record.id, _SECONDS_BETWEEN_WISHES)
    if not ended.has_ended:
        raise ClusterError(
            f"the job '{name}' was asked to stop and still runs after {_SECONDS_TO_STOP:g} s: look at `rayzc jobs logs "
            f"{name}`"
        )
    again = "; submit it again to continue" if record.command else ""
    typer.echo(f"job {name} has ended: {ended.status.lower()}{again}")


def _found(server: JobServer, name: str) -> tuple["Server", "JobRecord"]:
    """The latest job of a name, or the job of an id.

    Raises:
        ClusterError: there is none.
    """
    from rayzc.cluster.submission import connect, latest
    from rayzc.errors import ClusterError, nearest

    there = connect(server.address)
    record = latest(there, name)
    if record is None:
        record = next((job for job in there.jobs() if job.id == name), None)
    if record is None:
        known = sorted({job.name for job in there.jobs()})
        hint = nearest(name, known) if known else "it has none"
        raise ClusterError(f"the cluster at {there.address} has no job '{name}'; {hint}")
    return there, record


def _document(record: "JobRecord") -> dict[str, Any]:
    lines = record.message.strip().splitlines()
    return {
        "name": record.name,
        "command": record.command or record.entrypoint,
        "status": record.status,
        "attempt": record.attempt,
        "submission_id": record.id,
        "started": _date(record.started),
        "ended": _date(record.ended),
        "seconds": _seconds(record),
        "folder": record.folder or None,
        "exit_code": record.exit_code,
        "message": lines[-1] if lines else None,
    }


def _date(moment: float | None) -> str | None:
    return None if moment is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _seconds(record: "JobRecord") -> float | None:
    if record.started is None:
        return None
    return round((record.ended or time.time()) - record.started, 1)


def _print_table(found: list["JobRecord"]) -> None:
    from rayzc.cli.output import fitting, plain_console

    console = plain_console()
    full = ("name", "command", "status", "attempt", "started", "seconds", "folder")
    tables = [_table(found, columns) for columns in (full, full[:-1], full[:4], ("name", "status"))]
    console.print(fitting(tables, console), crop=False)


def _table(found: list["JobRecord"], columns: tuple[str, ...]) -> "Table":
    from rich.markup import escape

    from rayzc.cli.output import plain_table

    table = plain_table()
    for column in columns:
        table.add_column(
            column, no_wrap=True, justify="right" if column in ("attempt", "seconds") else "left"
        )
    for record in found:
        document = _document(record)
        table.add_row(
            *(escape(str("" if document[column] is None else document[column])) for column in columns)
        )
    return table
