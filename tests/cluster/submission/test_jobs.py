"""Real submissions: to a head with dashboard and token, and what a user sees of them."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from rayzc.problems import Suite, write_suite
from tests.cluster.heads import Head, started_head
from tests.cluster.searches import samples

RAYZC = (sys.executable, "-m", "rayzc")
SHORT = ("--suite", "small.parquet", "--epochs", "3", "--islands", "4", "--population", "20", "--seed", "7")
LONG = (*SHORT, "--epochs", "8", "--objective", "unhurried:mean")
UNHURRIED = """
import os, time

def mean(correlations):
    time.sleep(float(os.environ.get("PACE", "0.002")))
    return float(correlations.mean())
"""
"""An objective of the user's, so that a run is not over before it can be stopped in its middle."""
SEARCH = (
    "--suite",
    "networks.parquet",
    "--formula",
    "flops + noise / 10",
    "--budget",
    "30",
    "--seeds",
    "2",
    "--seed",
    "5",
)
SECONDS = 280


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with started_head() as started:
        yield started


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, head: Head) -> Iterator[Path]:
    """A working folder; afterwards, no file below it or the cluster's folders has the token."""
    folder = tmp_path_factory.mktemp("work")
    yield folder
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert head.token.encode() not in path.read_bytes(), path


@pytest.fixture(autouse=True)
def suites(work: Path, small_suite: Suite) -> None:
    if not (work / "small.parquet").exists():
        write_suite(small_suite, work / "small.parquet")
        write_suite(samples.suite(), work / "networks.parquet")
        (work / "unhurried.py").write_text(UNHURRIED)


class Client:
    """A user at a machine that knows the token.

    Args:
        head: of the cluster.
        work: the working folder.
    """

    def __init__(self, head: Head, work: Path) -> None:
        self.work = work
        self.token = head.token
        self.dashboard = head.dashboard
        # The mode is not set: a token that is at hand is used where it is asked for.
        self.environment = head.environment() | {"RAY_API_SERVER_ADDRESS": head.dashboard, "HOME": str(work)}
        del self.environment["RAY_AUTH_MODE"]

    def run(self, *arguments: str, code: int = 0, **changes: str) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [*RAYZC, *arguments],
            env=self.environment | changes,
            cwd=self.work,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert self.token not in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended

    def submit(self, command: str, name: str, given: tuple[str, ...], *options: str, **changes: Any) -> Any:
        place = ("--remote-folder", str(self.work / "cluster" / name))
        return self.run("submit", command, "--name", name, *place, *options, "--", *given, **changes)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs meanwhile."""
        with subprocess.Popen(
            [*RAYZC, *arguments],
            env=self.environment,
            cwd=self.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def local(self, command: str, given: tuple[str, ...]) -> Path:
        """The folder of the same command without the cluster."""
        out = self.work / f"local-{command}-{len(list(self.work.iterdir()))}"
        alone = {"RAY_AUTH_MODE": "disabled", "RAY_API_SERVER_ADDRESS": "", "PACE": "0"}
        self.run(command, *given, "--quiet", "--out", str(out), **alone)
        return out


@pytest.fixture
def client(head: Head, work: Path) -> Client:
    return Client(head, work)


def eventually(condition: Any, what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_a_discovery_gives_the_result_of_the_local_run(client: Client, work: Path) -> None:
    ended = client.submit("discover", "found", SHORT)
    assert "formula" in ended.stdout
    assert ended.stderr.splitlines()[0].startswith(
        f"job found is submitted to {client.dashboard}, with 1 of your files"
    )
    assert ended.stderr.splitlines()[-1] == "results    runs/found: 4 files"
    there = work / "runs" / "found"
    assert (there / "hall_of_fame.json").read_bytes() == (
        client.local("discover", SHORT) / "hall_of_fame.json"
    ).read_bytes()
    assert client.run("score", "runs/found", "--suite", "small.parquet", "--json").stdout.startswith("{")

    again = client.submit("discover", "found", SHORT)
    assert again.stderr.splitlines() == ["job found has succeeded before", "results    runs/found: 4 files"]
    listed = json.loads(client.run("jobs", "list", "--json").stdout)
    (job,) = [job for job in listed if job["name"] == "found"]
    assert (job["command"], job["status"], job["attempt"]) == ("discover", "SUCCEEDED", 1)
    assert json.loads(client.run("jobs", "status", "found", "--json").stdout) == job
    assert "Running entrypoint" in client.run("jobs", "logs", "found").stdout
    assert "rayzc-found--fetch" not in client.run("jobs", "list", "--all").stdout


@pytest.mark.slow
def test_a_search_gives_the_result_of_the_local_run(client: Client, work: Path) -> None:
    client.submit("search", "searched", (*SEARCH, "--export", "nets"))
    there = json.loads((work / "runs" / "searched" / "result.json").read_text())
    here = json.loads((client.local("search", SEARCH) / "result.json").read_text())
    assert there["results"] == here["results"]
    assert list((work / "runs" / "searched" / "export").rglob("network.py"))


@pytest.mark.cluster
def test_a_stopped_job_has_a_checkpoint_and_is_resumed(client: Client, work: Path) -> None:
    checkpoints = work / "cluster" / "long" / "run" / "checkpoints"
    command = ("submit", "discover", "--name", "long", "--remote-folder", str(work / "cluster" / "long"))
    with client.started(*command, "--", *LONG) as following:
        eventually(lambda: list(checkpoints.glob("epoch-*.json")), "no checkpoint")
        stopped = client.run("jobs", "stop", "long")
        assert stopped.stdout == "job long has ended: stopped; submit it again to continue\n"
        out, err = following.communicate(timeout=60)
    assert following.returncode == 1
    assert "interrupted by SIGTERM" in out
    reason = f"rayzc: the job 'long' was stopped: submit it again to continue from {work}/cluster/long"
    assert err.splitlines()[-1] == reason
    assert client.run("jobs", "stop", "long").stdout == "job long has ended already: stopped\n"

    assert "job long is submitted" in client.submit("discover", "long", LONG).stderr
    events = [
        json.loads(line)["event"] for line in (work / "runs/long/events.jsonl").read_text().splitlines()
    ]
    assert "resumed" in events
    assert json.loads(client.run("jobs", "status", "long", "--json").stdout)["attempt"] == 2
    assert (work / "runs" / "long" / "hall_of_fame.json").read_bytes() == (
        client.local("discover", LONG) / "hall_of_fame.json"
    ).read_bytes()


@pytest.mark.cluster
def test_ctrl_c_detaches_and_submitting_again_attaches(client: Client, work: Path) -> None:
    given = ("submit", "discover", "--remote-folder", str(work / "cluster" / "apart"), "--", *LONG, "--force")
    with client.started(*given) as following:
        assert following.stdout is not None
        assert any("Running entrypoint" in line for line in following.stdout)
        following.send_signal(signal.SIGINT)
        _, err = following.communicate(timeout=60)
    assert following.returncode == 130
    found = re.search(r"rayzc jobs logs (discover-[0-9a-f]{8}) --follow --address (\S+)", err)
    assert found is not None
    name = found[1]
    assert f"rayzc jobs stop {name} --address {client.dashboard}" in err
    assert json.loads(client.run("jobs", "status", name, "--json").stdout)["status"] == "RUNNING"

    again = client.run(*given[:2], "--detach", *given[2:-1])
    assert again.stderr.splitlines()[0] == f"job {name} is running already: attached"
    refused = client.submit("discover", name, SHORT, code=2)
    assert refused.stderr.splitlines()[-1].startswith(
        f"rayzc: a job '{name}' runs already, with other arguments"
    )
    client.run("jobs", "stop", name)
    followed = client.run("jobs", "logs", name, "--follow", code=1)
    assert followed.stderr.splitlines()[-1].startswith(f"rayzc: the job '{name}' was stopped")


@pytest.mark.cluster
def test_a_job_that_fails_says_why(client: Client) -> None:
    ended = client.submit("discover", "failing", ("--suite", "small.parquet", "--problems", "toi"), code=1)
    assert ended.stderr.splitlines()[-1] == (
        "rayzc: the job 'failing' failed with exit code 2: no problem of suite small matches 'toi'; did you mean 'toy'?"
    )
    lost = client.submit("discover", "lost", SHORT, "--python", "no-such-python", code=1)
    assert lost.stderr.splitlines()[-1].endswith(
        "; name the Python that has the cluster's Ray: --python PATH"
    )
    unknown = client.run("jobs", "status", "failin", code=2)
    assert (
        unknown.stderr
        == f"rayzc: the cluster at {client.dashboard} has no job 'failin'; did you mean 'failing'?\n"
    )


def test_tokens(client: Client) -> None:
    mend = (
        "put the cluster's token, which `ray get-auth-token` prints on its head, into RAY_AUTH_TOKEN or "
        "~/.ray/auth_token\n"
    )
    for token, reason in (("", "requires a token"), ("f" * 64, "has a different token than this machine")):
        for arguments in (("submit", "discover"), ("jobs", "list")):
            refused = client.run(*arguments, code=2, RAY_AUTH_TOKEN=token)
            assert (
                refused.stderr
                == f"rayzc: the cluster at {client.dashboard} (from RAY_API_SERVER_ADDRESS) {reason}: {mend}"
            )


@pytest.mark.slow
def test_a_connection_that_breaks_off(client: Client) -> None:
    """All that passes through a relay that ends every connection after a while, and is away for a while."""
    with relay(client.dashboard, seconds=3.0) as (address, broken):
        ended = client.submit("discover", "relayed", SHORT, "--address", address)
    assert broken()
    assert "formula" in ended.stdout
    progress = [line for line in ended.stdout.splitlines() if re.match(r" +\d+:\d+ ", line)]
    assert len(progress) == len(set(progress))
    assert ended.stdout == client.run("jobs", "logs", "relayed").stdout
    assert ended.stderr.splitlines()[-1] == "results    runs/relayed: 4 files"


@contextmanager
def relay(dashboard: str, seconds: float) -> Iterator[tuple[str, Any]]:
    """Another address of the dashboard, whose connections last a few seconds; and whether one was cut."""
    host, port = dashboard.removeprefix("http://").split(":")
    cut = threading.Event()
    over = threading.Event()

    def pass_on(near: socket.socket) -> None:
        deadline = time.monotonic() + seconds
        with near, socket.create_connection((host, int(port))) as far, suppress(OSError):
            while time.monotonic() < deadline:
                for ready in select.select([near, far], [], [], 0.1)[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)
            cut.set()

    def serve() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                threading.Thread(target=pass_on, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", cut.is_set
        over.set()
        thread.join()


@pytest.mark.cluster
def test_jobs_of_others_are_shown_when_asked_for(client: Client) -> None:
    listed = json.loads(client.run("jobs", "list", "--all", "--json").stdout)
    own = json.loads(client.run("jobs", "list", "--json").stdout)
    assert {job["name"] for job in own} <= {job["name"] for job in listed}
    assert len(listed) > len(own)  # the first attempts
    assert os.environ.get("RAY_AUTH_TOKEN") != client.token
