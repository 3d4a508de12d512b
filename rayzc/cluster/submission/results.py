"""Fetching results: a small job on the cluster prints the files of a run, and they are unpacked here."""

import json
import secrets
import shlex
import tempfile
from pathlib import Path

from rayzc.cluster.submission.client import JobRecord, Server
from rayzc.cluster.submission.following import persistently, waited
from rayzc.cluster.submission.inputs import write_wheel
from rayzc.cluster.submission.submitting import ENV_VARS
from rayzc.documents import json_text, write_atomically
from rayzc.errors import ClusterError, RunError
from rayzc.runs.archive import Unpacked, unpacked

__all__ = ["MARKER", "check_target", "fetch"]

MARKER = "submitted.json"
"""The file in a folder of fetched results that says where they come from."""

_PATIENCE = 300.0


def check_target(target: Path, name: str) -> None:
    """Checks, before a job is submitted, that its results will not overwrite something else.

    Args:
        target: the folder for the results.
        name: of the job.

    Raises:
        RunError: the folder has other files, or the results of another job.
    """
    marker = target / MARKER
    if marker.is_file():
        try:
            owner = json.loads(marker.read_text(encoding="utf-8"))["name"]
        except (OSError, ValueError, KeyError, TypeError):
            owner = None
        if owner == name:
            return
        raise RunError(f"{target} has the results of another job, '{owner}': choose another --out")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(f"{target} exists and is not empty: choose another --out for the results")


def fetch(server: Server, job: JobRecord, target: Path, python: str) -> Unpacked:
    """Copies the results of a job from its folder on the cluster.

    Args:
        server: where the job ran.
        job: the job.
        target: the folder to copy to, see :func:`check_target`.
        python: the Python of the cluster.

    Returns:
        The files that were copied, and those that are too large.

    Raises:
        ClusterError: they cannot be fetched; says where they are.
        RunError: they cannot be written here.
    """
    # It stays in Ray's list, marked: Ray calls a job that is deleted soon after its end a failed one.
    identity = f"{job.id}--fetch-{secrets.token_hex(4)}"
    entrypoint = f"exec {shlex.quote(python)} -m rayzc.runs.archive {shlex.quote(job.folder)}"
    with tempfile.TemporaryDirectory(prefix="rayzc-fetch-") as folder:
        environment = {"env_vars": ENV_VARS, "py_modules": [str(write_wheel(Path(folder)))]}
        server.submit(identity, entrypoint, environment, {"rayzc_name": job.name, "rayzc_fetch": job.id})
    ended = waited(server, identity, _PATIENCE)
    log = persistently(lambda: server.logs(identity))
    if ended.status != "SUCCEEDED":
        lines = [line for line in (log or ended.message).splitlines() if line.strip()]
        why = lines[-1].removeprefix("rayzc: ") if lines else ended.status
        raise ClusterError(
            f"the results of '{job.name}' are in {job.folder} on the cluster, and cannot be fetched: {why}"
        )
    try:
        found = unpacked(log, target)
    except RunError as error:
        raise RunError(f"{error}; the results of '{job.name}' are in {job.folder} on the cluster") from None
    about = {
        "name": job.name,
        "submission_id": job.id,
        "address": server.address,
        "folder": job.folder,
        "files": list(found.files),
        "left_out": [{"file": name, "bytes": size} for name, size in found.left_out],
    }
    write_atomically(target / MARKER, json_text(about))
    return found
