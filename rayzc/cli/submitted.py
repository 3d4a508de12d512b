"""Commands as jobs of a cluster, which a person or Kubernetes may restart."""

import argparse
import sys
from pathlib import Path

from rayzc.cli import main

__all__ = ["arguments_for", "run_as_job"]


def run_as_job(command: str) -> None:
    """Runs ``rayzc COMMAND`` with this process's arguments, or continues the run that an earlier start began."""
    sys.argv = arguments_for(command, sys.argv[1:])
    main()


def arguments_for(command: str, arguments: list[str]) -> list[str]:
    """The command line: the command itself, or ``resume`` where its run is in the ``--out`` folder already.

    Args:
        command: ``discover``, ``search``, ``run`` or ``train``.
        arguments: what the job was given.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--force", action="store_true")
    # Options that resume takes, too, and that a run's folder does not hold.
    for name in ("--workers", "--address", "--export"):
        parser.add_argument(name)
    for names in (("--details",), ("--quiet", "-q"), ("--json",)):
        parser.add_argument(*names, action="store_true")
    known, _ = parser.parse_known_args(arguments)
    if known.out is None or known.force or not (known.out / "config.json").is_file():
        return ["rayzc", command, *arguments]
    again = ["rayzc", "resume", str(known.out)]
    for name in ("workers", "address", "export"):
        if getattr(known, name):
            again += [f"--{name}", getattr(known, name)]
    return again + [f"--{name}" for name in ("details", "quiet", "json") if getattr(known, name)]
