"""What becomes of a run that Ray has left behind: it goes on, or says how to continue, within seconds.

Where its daemons die, Ray makes the driver wait for a minute, inside calls that nothing gets out of, and ends the
process with a text of its own. A thread that asks whether the daemons still listen is faster. A command whose own Ray
was lost continues its run with a new one, as a new program in the same process: nothing else gets out of such a call.
"""

import os
import shlex
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import ray

from rayzc.cluster.interrupts import Interrupts
from rayzc.options.continuing import continued

__all__ = ["Lifeline"]

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_TO_CONNECT = 1.0
_PATIENCE_HERE = 1.5
# The head of a cluster may come back, and Ray itself waits for it for a minute.
_PATIENCE_ELSEWHERE = 20.0
# Service managers and Slurm follow SIGTERM up with SIGKILL, most after ten seconds or more.
_SECONDS_TO_CONCLUDE = 8.0
_LOST = 2
_SECONDS_TO_END_DAEMONS = 5.0
_STARTED_AGAIN = "RAYZC_STARTED_AGAIN"
"""The variable that counts how often this process was started again."""
_MOST_TIMES = 3

_ray: Any = ray


class Lifeline:
    """Watches over the connection to Ray for the duration of a ``with`` block.

    When Ray is lost, or a run has not ended a few seconds after SIGTERM, it says how to continue on standard error and
    ends this process: there is no other way out of a call that waits for Ray. Where the Ray was the process's own, and
    the process is the command line, it continues by itself instead, three times at most.

    Args:
        again: how to continue, such as ``rayzc resume runs/first``.
        local: whether the Ray was started by this process.
    """

    def __init__(self, again: str, local: bool) -> None:
        self._again = again
        self._local = local
        self._patience = _PATIENCE_HERE if local else _PATIENCE_ELSEWHERE
        self._name = "Ray on this machine" if local else "the Ray cluster"
        self._ended = threading.Event()
        self._daemons: list[tuple[str, int]] = []
        self._thread = threading.Thread(target=self._watch, name="lifeline", daemon=True)

    def __enter__(self) -> "Lifeline":
        context = _ray.get_runtime_context()
        host, _, port = context.gcs_address.rpartition(":")
        own = context.get_node_id()
        self._daemons = [(host.strip("[]"), int(port))]
        self._daemons += [
            (node["NodeManagerAddress"], int(node["NodeManagerPort"]))
            for node in _ray.nodes()
            if node["NodeID"] == own
        ]
        Interrupts.forget()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # An error that follows from the loss would hide it.
        if error is not None and not isinstance(error, SystemExit) and self._lost(self._patience):
            self._leave(Interrupts.first())
        self._ended.set()
        Interrupts.forget()

    def _watch(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            first = Interrupts.first()
            late = first is not None and first[0] is signal.SIGTERM
            if late and first is not None and time.monotonic() - first[1] > _SECONDS_TO_CONCLUDE:
                self._leave(first)
            # After a signal, whoever sent it may have sent it to the daemons, too.
            if self._lost(_PATIENCE_HERE if first is not None else self._patience):
                self._leave(Interrupts.first())

    def _lost(self, patience: float) -> bool:
        """Whether a daemon refuses connections for as long as this, in seconds."""
        begun = time.monotonic()
        while not self._ended.is_set() and not all(_listens(daemon) for daemon in self._daemons):
            if time.monotonic() - begun >= patience:
                return True
            time.sleep(_SECONDS_BETWEEN_LOOKS / 2)
        return False

    def _leave(self, first: tuple[signal.Signals, float] | None) -> None:
        if self._ended.is_set():
            return
        if first is None and self._local and (command := _command_again(self._again)):
            _start_again(command)
        if first is not None:
            text, code = f"interrupted by {first[0].name}; to continue: {self._again}", 128 + first[0]
        else:
            text, code = f"rayzc: {self._name} was lost, and what was not kept with it: {self._again}", _LOST
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
        os._exit(code)


def _command_again(again: str) -> list[str] | None:
    """What follows ``rayzc`` to continue; None where this is not the command line, or was started again too often."""
    program, arguments = Path(sys.argv[0]), sys.argv[1:]
    if program.name != "rayzc" and program.parts[-2:] != ("rayzc", "__main__.py"):
        return None
    if int(os.environ.get(_STARTED_AGAIN, 0)) >= _MOST_TIMES:
        return None
    begun = shlex.split(again)
    if begun[:2] != ["rayzc", "resume"] or arguments[:1] == ["resume"]:
        return arguments
    return continued(begun[2], arguments)


def _start_again(command: list[str]) -> None:
    """Ends what is left of this process's own Ray, and makes the process a new one that continues the run."""
    sys.stderr.write(
        f"rayzc: Ray on this machine was lost, and is started again: rayzc {shlex.join(command)}\n"
    )
    sys.stderr.flush()
    node: Any = getattr(getattr(getattr(_ray, "_private", None), "worker", None), "_global_node", None)

    def end_daemons() -> None:
        with suppress(Exception):  # some of them are gone
            node.kill_all_processes(check_alive=False, allow_graceful=False)

    if node is not None:
        ending = threading.Thread(target=end_daemons, daemon=True)
        ending.start()
        ending.join(_SECONDS_TO_END_DAEMONS)
    times = int(os.environ.get(_STARTED_AGAIN, 0)) + 1
    os.execve(
        sys.executable,
        [sys.executable, "-m", "rayzc", *command],
        {**os.environ, _STARTED_AGAIN: str(times)},
    )


def _listens(daemon: tuple[str, int]) -> bool:
    """Whether a daemon listens; one that does not answer, as behind a broken network, counts as listening."""
    try:
        socket.create_connection(daemon, timeout=_SECONDS_TO_CONNECT).close()
    except ConnectionRefusedError:
        return False
    except OSError:
        return True
    return True
