"""Runs in processes of their own, whose daemons and workers are found by their process ids."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
def started(
    *arguments: str,
    module: str = "rayzc",
    before: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A command of rayzc, in a session of its own, all of which ends with the block.

    Args:
        arguments: of the command.
        module: which module it is.
        before: the command that it is started by, such as ``ip netns exec NAME``.
        environment: further variables.
    """
    known = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    process = subprocess.Popen(
        [*before, sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=known | dict(environment or {}),
        stdin=subprocess.PIPE,
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


@dataclass
class Watched:
    """A discovery in a process of its own, and what it has said so far.

    Attributes:
        process: the process.
        lines: what it said, each with the time at which it came.
    """

    process: subprocess.Popen[str]
    lines: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def read(self) -> None:
        """Reads to the end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.lines.append((time.monotonic(), json.loads(line)))

    @property
    def last(self) -> dict[str, Any]:
        """What it said last."""
        return self.lines[-1][1] if self.lines else {"epoch": -1, "processes": [], "lost": 0}

    def wait_for(self, condition: Callable[[dict[str, Any]], bool]) -> float:
        """Waits until something that holds is said, and returns when that was."""
        wait_until(lambda: condition(self.last) or "ended" in self.last, self.process)
        assert condition(self.last), self.last
        return self.lines[-1][0]

    def recovered(self, since: float) -> float:
        """Seconds from a fault until all islands have advanced by two more epochs."""
        epoch = next((said["epoch"] for at, said in reversed(self.lines) if at <= since), -1)
        return self.wait_for(lambda said: said["epoch"] >= epoch + 3) - since

    def end(self) -> dict[str, Any]:
        """Waits for the end, and returns what was said of it."""
        assert self.process.stderr is not None
        errors = self.process.stderr.read()
        assert self.process.wait(PATIENCE) == 0, errors
        wait_until(lambda: "ended" in self.last)
        return self.last


@contextmanager
def watched(
    given: dict[str, Any], before: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Watched]:
    """See :mod:`tests.cluster.faults.watched`."""
    with started(
        json.dumps(given), module="tests.cluster.faults.watched", before=before, environment=environment
    ) as process:
        run = Watched(process)
        reader = threading.Thread(target=run.read, daemon=True)
        reader.start()
        yield run


class Machines:
    """A cluster of machines that come and go.

    Args:
        process: see :mod:`tests.cluster.faults.machines`.
        environment: what clients need to know.
    """

    def __init__(self, process: subprocess.Popen[str], environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.address = self._answer(process)
        self._process = process

    def do(self, command: str) -> None:
        """Does what a line says."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        assert self._answer(self._process) == "done"

    def _answer(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line, process.communicate()
        return line


@contextmanager
def held(environment: Mapping[str, str]) -> Iterator[None]:
    """Has the runs of an environment hardly advance, for the length of the block."""
    file = Path(environment["HOLD"])
    file.touch()
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def machines(count: int, store: int = 80_000_000, head_cpus: int = 0) -> Iterator[Machines]:
    """A cluster of a head, and of machines with a CPU each, for the length of the block.

    Args:
        count: how many machines.
        store: size of the object store of each.
        head_cpus: CPUs of the head.
    """
    folder = tempfile.mkdtemp(prefix="rzc")
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TMPDIR": folder,  # so that the clusters of others are not found
        "HOLD": str(Path(folder, "hold")),
    }
    try:
        with started(
            str(store), str(head_cpus), module="tests.cluster.faults.machines", environment=environment
        ) as process:
            cluster = Machines(process, environment)
            for _ in range(count):
                cluster.do("add")
            yield cluster
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
