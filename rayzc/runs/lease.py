"""The hold of a process on a run on another file system, which has no locks that end with a process.

Whoever wants the run writes a file ``.owner-TOKEN`` into its folder, and then lists all of them. As a file that is
written is listed from then on, of two processes at least one sees the other, and only who sees none holds the run. The
holder writes its file again every few seconds. A file that was not written for a minute, by the clock of the file
system, is that of a dead process. As that clock may have been set meanwhile, such a file, or one from the future, is
watched for some seconds first: a process that lives writes it.
"""

import json
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rayzc.errors import RunError
from rayzc.runs.stores import StorePath

__all__ = ["OWNER_PREFIX", "Lease"]

OWNER_PREFIX = ".owner-"
"""The beginning of the names of the files by which processes hold a run."""

_STALE_SECONDS = 60.0
_BEAT_SECONDS = 15.0
_WATCH_SECONDS = 20.0
_SECONDS_BETWEEN_LOOKS = 1.0
_READS = 4
_ROUNDS = 8
_CLAIMS, _HOLDS = "claims", "holds"


@dataclass(frozen=True)
class _Other:
    """Another process that wants or holds the run."""

    token: str
    document: dict[str, Any]
    written: datetime | None
    silent: float

    @property
    def holds(self) -> bool:
        return self.document.get("state") != _CLAIMS

    @property
    def gone(self) -> bool:
        return _gone(self.document)

    @property
    def doubtful(self) -> bool:
        """Whether it is dead, or the clock of the file system was set."""
        return not -_STALE_SECONDS <= self.silent <= _STALE_SECONDS

    def __str__(self) -> str:
        return f"process {self.document.get('process', '?')} on {self.document.get('host', '?')}"


class Lease:
    """A hold on a run.

    Args:
        folder: the run's folder.
        warn: called with a line if the run is taken over from a process that is dead.
    """

    def __init__(self, folder: StorePath, warn: Callable[[str], None]) -> None:
        self._folder, self._warn = folder, warn
        self._token = secrets.token_hex(8)
        self._after: tuple[str, ...] = ()
        self._silent: set[str] = set()
        self._lost: _Other | None = None
        self._refreshed = (0.0, 0.0)
        self._end = threading.Event()
        self._one_at_a_time = threading.Lock()

    def take(self) -> list[str]:
        """Takes hold of the run.

        Returns:
            The dead processes, in words, that it is taken over from.

        Raises:
            RunError: another process works on the run.
            OSError: the file system cannot be reached.
        """
        # From the system, as nothing here may disturb random numbers that come from seeds.
        wait = random.SystemRandom()
        claims = False
        for attempt in range(_ROUNDS):
            if not claims:
                self._write(_CLAIMS)
            others = self._others()
            living = [other for other in others if not self._dead(other)]
            if not living:
                break
            holder = next((other for other in living if other.holds), None)
            refused = holder is not None or attempt == _ROUNDS - 1
            # Of those that only want the run, one waits until the others have withdrawn.
            claims = not refused and all(other.token > self._token for other in living)
            if not claims:
                self._own.unlink(missing_ok=True)
            if refused:
                raise _refusal(self._folder, holder or living[0])
            time.sleep(wait.uniform(0.1, 0.3 * (attempt + 1)))
        self._after = tuple(other.token for other in others)
        self._write(_HOLDS)
        for other in others:
            self._file(other.token).unlink(missing_ok=True)
        self._folder.store.checks.append(self.check)
        threading.Thread(target=self._beat, name="rayzc-lease", daemon=True).start()
        dead = [str(other) for other in others if other.holds]
        for name in dead:
            self._warn(f"{self._folder}: {name} worked on this run and is gone; it is taken over")
        return dead

    def check(self) -> None:
        """Makes sure that the run is still held, if the last time is long ago, as after this machine slept.

        Raises:
            RunError: another process has taken it over.
            OSError: the file system cannot be reached.
        """
        if self._lost is None and max(
            now - then for now, then in zip(_now(), self._refreshed, strict=True)
        ) > (_STALE_SECONDS / 2):
            self._refresh()
        if self._lost is not None:
            raise RunError(
                f"{self._folder}: {self._lost} has taken over this run, as this process gave no sign of life for more "
                f"than {_STALE_SECONDS:g} s"
            )

    def release(self) -> None:
        """Lets go of the run."""
        self._end.set()
        with self._one_at_a_time:  # so that no beat writes the file again
            self._folder.store.checks.remove(self.check)
            with suppress(OSError):
                self._own.unlink(missing_ok=True)

    def _dead(self, other: _Other) -> bool:
        """Whether another process is dead; this may take some seconds."""
        if other.gone or other.token in self._silent:
            return True
        if not other.doubtful:
            return False
        end = time.monotonic() + _WATCH_SECONDS
        name = f"{OWNER_PREFIX}{other.token}"
        while time.monotonic() < end:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            if self._folder.modified().get(name) != other.written:
                return False  # it was written, or withdrawn
        self._silent.add(other.token)
        return True

    @property
    def _own(self) -> StorePath:
        return self._file(self._token)

    def _file(self, token: str) -> StorePath:
        return self._folder / f"{OWNER_PREFIX}{token}"

    def _beat(self) -> None:
        while not self._end.wait(_BEAT_SECONDS) and self._lost is None:
            with suppress(OSError):
                self._refresh()

    def _refresh(self) -> None:
        with self._one_at_a_time:
            if self._end.is_set():
                return
            taken = [other for other in self._others() if other.holds and other.token not in self._after]
            if taken:
                self._lost = taken[0]
                self._own.unlink(missing_ok=True)
            else:
                self._write(_HOLDS)

    def _write(self, state: str) -> None:
        document = {"state": state, "after": self._after, **_this_process()}
        # Not by write_bytes, which asks whether the run is held.
        self._own.put(json.dumps(document).encode())
        self._refreshed = _now()

    def _others(self) -> list[_Other]:
        """All other processes that want or hold the run."""
        times = {
            name.removeprefix(OWNER_PREFIX): written
            for name, written in self._folder.modified().items()
            if name.startswith(OWNER_PREFIX)
        }
        now, found = times.pop(self._token, None), []
        for token, written in times.items():
            try:
                document = self._read(token)
            except FileNotFoundError:
                continue
            silent = (now - written).total_seconds() if now and written else 0.0
            found.append(_Other(token, document, written, silent))
        return found

    def _read(self, token: str) -> dict[str, Any]:
        """What a process says of itself; nothing if it cannot be understood.

        Raises:
            OSError: the file cannot be read; stores may fail once or twice while another process writes it.
        """
        failures = 0
        while True:
            try:
                document = json.loads(self._file(token).read_bytes())
            except ValueError:
                return {}
            except FileNotFoundError:
                raise
            except OSError:
                failures += 1
                if failures == _READS:
                    raise
                time.sleep(0.1)
            else:
                return document if isinstance(document, dict) else {}


def _refusal(folder: StorePath, other: _Other) -> RunError:
    return RunError(
        f"{folder}: {other} is working on this run: wait until it has ended, or stop it first; if it is dead, the run "
        f"is free {_STALE_SECONDS:g} s after its last sign of life, which was {max(0.0, other.silent):.0f} s ago"
    )


def _now() -> tuple[float, float]:
    """Two clocks, as one stands still while a machine sleeps, and the other may be set."""
    return time.monotonic(), time.time()


def _this_process() -> dict[str, Any]:
    process = os.getpid()
    return {
        "process": process,
        "host": socket.gethostname(),
        "machine": _machine(),
        "started": _started(process),
    }


def _gone(document: dict[str, Any]) -> bool:
    """Whether a process was one of this machine, and is no more; False where this cannot be known."""
    process = document.get("process")
    here = _machine()
    return (
        here is not None
        and here == document.get("machine")
        and isinstance(process, int)
        and (_started(process) != document.get("started"))
    )


def _machine() -> str | None:
    """What tells the processes of this machine, since it was started and in this container, from all others."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _started(process: int) -> str | None:
    """When a process was started, in the kernel's units; None if there is none, or it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *rest = fields.rpartition(")")[2].split()
    return None if state in ("Z", "X") else rest[18]
