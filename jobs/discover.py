"""Breeds a formula on the cluster that this job was submitted to.

Takes the arguments of ``rayzc discover``. A job may be started again, by a person or by Kubernetes; it then finds the
run in its ``--out`` folder and goes on with it, so give it a folder that all nodes share::

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml -- \
        python jobs/discover.py --suite suites/nbsz-13.parquet --time-limit 10m --out /shared/run-1
"""

import argparse
import sys
from pathlib import Path

from rayzc.cli import main


def command(arguments: list[str]) -> list[str]:
    """The command line of rayzc: ``discover``, or ``resume`` where the run is there already."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--workers")
    known, _ = parser.parse_known_args(arguments)
    if known.out is None or known.force or not (known.out / "config.json").is_file():
        return ["rayzc", "discover", *arguments]
    workers = ["--workers", known.workers] if known.workers else []
    return ["rayzc", "resume", str(known.out), *workers]


if __name__ == "__main__":
    sys.argv = command(sys.argv[1:])
    main()
