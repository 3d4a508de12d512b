"""Hosts on a network: network namespaces of this machine, each with a Ray of its own, joined by a bridge.

Nothing of it is in the network of the machine itself: the bridge has a namespace, too.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cluster.faults.machines import IMPATIENT

__all__ = ["Network", "network"]

_RAY = str(Path(sys.executable).with_name("ray"))
_PORT = 6379
_PATIENCE = 120.0


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Network:
    """Hosts, and the cables between them.

    Args:
        names: of the hosts; the first one has the head of the cluster.
        folder: for the temporary files of all hosts.
    """

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        self._folder = folder
        self._spaces = {name: f"rzc{os.getpid()}{name}" for name in ("hub", *names)}
        self._addresses = {name: f"10.213.0.{place}" for place, name in enumerate(names, start=1)}
        self._head = names[0]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._temporary = folder / "t"  # every host sees its own here
        self._temporary.mkdir()
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_TMPDIR": str(self._temporary),
            "HOLD": str(folder / "hold"),
        }

    @property
    def address(self) -> str:
        """Of the cluster's head."""
        return f"{self._addresses[self._head]}:{_PORT}"

    def lay(self) -> None:
        """Makes the namespaces, the bridge and the cables."""
        for space in self._spaces.values():
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
        hub = self._spaces["hub"]
        _ip("-n", hub, "link", "add", "bridge", "type", "bridge")
        _ip("-n", hub, "link", "set", "bridge", "up")
        for name, address in self._addresses.items():
            space = self._spaces[name]
            _ip("-n", hub, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", hub, "link", "set", name, "master", "bridge", "up")
            _ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")

    def on(self, name: str) -> list[str]:
        """How to start a command on a host: with its network, and temporary files of its own."""
        own = self._folder / name
        own.mkdir(exist_ok=True)
        place = f"mount --bind '{own}' '{self._temporary}' && exec \"$@\""
        return ["ip", "netns", "exec", self._spaces[name], "sh", "-c", place, "sh"]

    def start(self, name: str, cpus: int) -> None:
        """Starts Ray on a host."""
        command = [_RAY, "start", "--block", f"--num-cpus={cpus}", "--disable-usage-stats"]
        command += [f"--node-ip-address={self._addresses[name]}", "--object-store-memory=80000000"]
        if name == self._head:
            patience = ",".join(f'"{key}": {value}' for key, value in IMPATIENT.items())
            command += ["--head", f"--port={_PORT}", "--include-dashboard=false"]
            command += [f"--temp-dir={self._temporary}", f"--system-config={{{patience}}}"]
        else:
            command += [f"--address={self.address}"]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*self.on(name), *command],
                env=os.environ | self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if name == self._head:
            self._wait_for_head()

    def stopped(self, name: str) -> bool:
        """Whether Ray on a host has ended by itself."""
        return self._processes[name].poll() is not None

    def unplug(self, name: str) -> None:
        """Cuts a host off: nothing reaches it, and nothing comes from it."""
        _ip("-n", self._spaces["hub"], "link", "set", name, "down")

    def plug(self, name: str) -> None:
        """Connects it again."""
        _ip("-n", self._spaces["hub"], "link", "set", name, "up")

    def log(self, name: str) -> str:
        """What Ray on a host has said."""
        return (self._folder / f"{name}.log").read_text(errors="replace")

    def end(self) -> None:
        """Ends what runs on the hosts, and removes them."""
        for name in self._processes:
            for pid in self._inhabitants(name):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for process in self._processes.values():
            process.wait()
        for space in self._spaces.values():
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)

    def _inhabitants(self, name: str) -> list[int]:
        listed = subprocess.run(
            ["ip", "netns", "pids", self._spaces[name]], check=False, capture_output=True, text=True
        )
        return [int(word) for word in listed.stdout.split()]

    def _wait_for_head(self) -> None:
        probe = f"import socket; socket.create_connection(('{self._addresses[self._head]}', {_PORT}), 1)"
        deadline = time.monotonic() + _PATIENCE
        command = [*self.on(self._head), sys.executable, "-c", probe]
        while subprocess.run(command, check=False, capture_output=True).returncode:
            assert not self.stopped(self._head), self.log(self._head)
            assert time.monotonic() < deadline, self.log(self._head)
            time.sleep(0.5)


@contextmanager
def network(*names: str) -> Iterator[Network]:
    """Hosts for the length of the block; where this machine does not allow any, the test is skipped and says why."""
    folder = Path(tempfile.mkdtemp(prefix="rzc"))
    hosts = Network(names, folder)
    try:
        try:
            hosts.lay()
        except FileNotFoundError:
            pytest.skip("there is no command ip here, of iproute2")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
        yield hosts
    finally:
        hosts.end()
        shutil.rmtree(folder, ignore_errors=True)
