"""Ray heads for tests: started on free ports in folders of their own, and ended by their process id."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Head", "free_ports", "started_head"]

RAY = str(Path(sys.executable).with_name("ray"))
_PATIENCE = 90.0


@dataclass(frozen=True)
class Head:
    """A Ray head: where it is, and the token it asks for."""

    address: str
    dashboard: str
    token: str

    def environment(self, authenticated: bool = True) -> dict[str, str]:
        """The environment of a client."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("RAY_A")}
        # Jobs name Python as `python`, and Ray installs wheels with `pip`.
        clean["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), clean.get("PATH", "")])
        known = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}
        return clean | (known if authenticated else {"RAY_AUTH_MODE": "disabled"})


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def started_head(cpus: int = 2) -> Iterator[Head]:
    """A head with dashboard and token authentication, for the length of the block."""
    ports = free_ports(8)
    # Unix sockets have short names at most, so not below pytest's long folders.
    folder = tempfile.mkdtemp(prefix="rzc")
    address, dashboard = f"127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
    head = Head(address, dashboard, secrets.token_hex(32))
    names = ["port", "dashboard-port", "dashboard-agent-listen-port", "dashboard-agent-grpc-port"]
    names += ["ray-client-server-port", "node-manager-port", "object-manager-port", "metrics-export-port"]
    command = [RAY, "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--num-cpus={cpus}"]
    command += [f"--{name}={port}" for name, port in zip(names, ports, strict=True)]
    command += ["--include-dashboard=true", "--disable-usage-stats", f"--temp-dir={folder}"]
    command += ["--object-store-memory=200000000"]
    log = Path(folder, "start.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=head.environment(), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _PATIENCE
        # The third is that of the agent, which starts jobs.
        while not all(_listens(port) for port in ports[:3]):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield head
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
