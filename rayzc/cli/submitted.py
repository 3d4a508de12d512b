"""Commands as jobs of a cluster, which a person or Kubernetes may restart."""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from rayzc.cli import main
from rayzc.errors import RayzcError, RunError
from rayzc.options.continuing import continued
from rayzc.options.submitting import JOBS

__all__ = ["arguments_for", "run_as_job", "run_submitted"]

_INPUTS, _RUN, _JOB = "inputs", "run", "job.json"
_UPLOADED = "rayzc-inputs.json"


def run_as_job(command: str) -> None:
    """Runs a command with this process's arguments, or continues what an earlier start began.

    Args:
        command: one of :data:`JOBS`.
    """
    sys.argv = arguments_for(command, sys.argv[1:])
    main()


def arguments_for(command: str, arguments: list[str]) -> list[str]:
    """The command line: the command itself, or ``resume`` where its run is in the ``--out`` folder already.

    Commands that write a suite keep their measurements beside it and continue when they are repeated. Where the suite
    is there already, they are complete.

    Args:
        command: one of :data:`JOBS`.
        arguments: what the job was given.

    Raises:
        SystemExit: with code 0, as there is nothing left to do.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--force", action="store_true")
    known, _ = parser.parse_known_args(arguments)
    if known.out is not None and not known.force:
        if command in ("fill", "build-suite") and known.out.is_file():
            print(f"{known.out} is complete already; --force begins anew")
            sys.exit(0)
        if (known.out / "config.json").is_file():
            return ["rayzc", *continued(str(known.out), arguments)]
    return ["rayzc", *JOBS[command], *arguments]


def run_submitted(command: str, folder: str, digest: str, arguments: list[str]) -> None:
    """Runs what ``rayzc submit`` submitted, in the job's own folder.

    The folder has the uploaded files in ``inputs``, which is the working folder, and the run in ``run``: a run names
    its suite by its path, and must find it again on another day, when the cluster has unpacked the upload elsewhere.

    Args:
        command: one of :data:`JOBS`.
        folder: the job's folder.
        digest: of the command and its arguments; the folder belongs to these.
        arguments: of the command, without ``--out``.

    Raises:
        RunError: the folder belongs to another command, or cannot be written.
        SystemExit: when the command has ended.
    """
    try:
        place = Path(folder).expanduser().absolute()
    except RuntimeError as error:
        raise RunError(f"{folder}: {error}; name another --remote-folder") from None
    inputs = place / _INPUTS
    try:
        inputs.mkdir(parents=True, exist_ok=True)
        _claim(place, digest, "--force" in arguments)
        if Path(_UPLOADED).is_file():
            for name in json.loads(Path(_UPLOADED).read_text(encoding="utf-8")):
                (inputs / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(name, inputs / name)
        out = place / _RUN
        if command in ("fill", "build-suite"):
            out.mkdir(exist_ok=True)
            out /= f"{place.name}.parquet"
    except OSError as error:
        raise RunError(
            f"{place} cannot be written: {error.strerror or error}; name another --remote-folder"
        ) from None
    os.chdir(inputs)
    sys.argv = [sys.argv[0], "--out", str(out), *arguments]
    run_as_job(command)


def _claim(place: Path, digest: str, force: bool) -> None:
    """Notes which command a folder belongs to.

    Raises:
        RunError: to another one.
    """
    note = place / _JOB
    if note.is_file() and not force:
        try:
            owner = json.loads(note.read_text(encoding="utf-8")).get("digest")
        except (ValueError, AttributeError):
            owner = None
        if owner != digest:
            raise RunError(
                f"{place} has the run of another command, or of other arguments: choose another --name or "
                "--remote-folder, or add --force to the arguments to overwrite it"
            )
    note.write_text(json.dumps({"digest": digest}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        run_submitted(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
    except RayzcError as error:
        print(f"rayzc: {error}", file=sys.stderr)
        sys.exit(2)
