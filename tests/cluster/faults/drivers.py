"""Runs in processes of their own, whose daemons and workers are found by their process ids."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rayzc.options import Settings

ROOT = Path(__file__).parents[3]
PATIENCE = 300.0
EPOCHS = 24
SETTINGS = Settings(
    seed=3,
    islands=4,
    population=24,
    migration_interval=2,
    topology="random",
    objective="tests.cluster.faults.unhurried:mean",
)
OPTIONS = ["--seed", "3", "--islands", "4", "--population", "24"]
OPTIONS += ["--migration-interval", "2", "--topology", "random", "--objective", str(SETTINGS.objective)]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command of rayzc, in a session of its own, all of which ends with the block."""
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    process = subprocess.Popen(
        [sys.executable, "-m", "rayzc", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    below: list[int] = []
    try:
        yield process
        below = descendants(process.pid)
    finally:
        for pid in (*below, *descendants(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that these have started."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            # The name in the parentheses may have blanks.
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def named(pid: int, name: str) -> list[int]:
    """The descendants whose command has this name in its first word."""
    found = []
    for each in descendants(pid):
        with suppress(OSError):
            words = Path(f"/proc/{each}/cmdline").read_bytes().split(b"\0")
            if name in words[0].decode():
                found.append(each)
    return found


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Waits until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def checkpoints(run: Path) -> int:
    """The epoch of the newest checkpoint; -1 where there is none."""
    return max(
        (int(path.stem.partition("-")[2]) for path in run.glob("checkpoints/epoch-*.json")), default=-1
    )
