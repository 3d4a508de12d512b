"""What is said where Ray cannot be connected to or started, and how fast: before anything else is done."""

import os
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import ray

from rayzc.cluster import connection
from rayzc.cluster.connection import check_address, connected
from rayzc.errors import ClusterError
from rayzc.problems import Suite, write_suite
from tests.cluster.heads import Head, free_ports, started_head

ELSEWHERE = "or leave it out to run on this machine"
TOKEN_VARIABLES = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


@pytest.fixture(autouse=True)
def unconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without a connection, whose Ray answers as it does where it is not asked to start."""
    for name in ("RAY_ADDRESS", "RAY_TMPDIR", "TMPDIR", *TOKEN_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with started_head() as started:
        yield started


def refusal(address: str | None) -> str:
    with pytest.raises(ClusterError) as refused:
        check_address(address)
    return str(refused.value)


def refused(address: str, suite: Suite, folder: Path) -> str:
    """The error of a discovery on a cluster that is not there, in a process of its own."""
    write_suite(suite, folder / "small.parquet")
    command = [sys.executable, "-m", "rayzc", "discover", "--suite", str(folder / "small.parquet")]
    command += ["--out", str(folder / "run"), "--quiet", "--address", address]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    return ran.stderr.splitlines()[-1]


def test_nobody_at_the_address(small_suite: Suite, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    assert refused(f"127.0.0.1:{port}", small_suite, tmp_path) == (
        f"rayzc: no Ray at 127.0.0.1:{port}: start one there with `ray start --head`, give another --address, or "
        "leave it out to run on this machine ([Errno 111] Connection refused)"
    )


@pytest.mark.parametrize("address", ["nonsense", "head:port", ":6379", "head:"])
def test_what_is_not_an_address(address: str) -> None:
    assert refusal(address) == (
        f"{address} is not the address of a Ray cluster: give that of the cluster's head as HOST:6379, or leave it "
        "out to run on this machine"
    )


@pytest.mark.parametrize("address", ["127.0.0.1:123456", f"{'x' * 70}.org:6379"])
def test_an_impossible_port_or_host(address: str) -> None:
    assert refusal(address).startswith(f"no Ray at {address}: start one there")


@pytest.mark.parametrize("address", ["http://head:8265", "https://head", "http://head:8265/"])
def test_the_address_of_a_dashboard(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mend = (
        " is the address of a dashboard, which only takes jobs: give that of the head, usually head:6379, or submit "
        f"this command with `rayzc submit COMMAND --address {address} -- ...`"
    )
    assert refusal(address) == address + mend
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert refusal(None) == f"{address} (from RAY_ADDRESS){mend}"


def test_an_empty_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(ray, "init", lambda **options: asked.append(options["address"]))
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.setenv("RAY_ADDRESS", "")
    for address in (None, "", "local"):
        with connected(address):
            pass
    assert asked == ["local"] * 3


@contextmanager
def http_server() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_port_that_speaks_http() -> None:
    with http_server() as port:
        assert refusal(f"127.0.0.1:{port}") == (
            f"127.0.0.1:{port} is the address of a dashboard, which only takes jobs: give that of the head, usually "
            f"127.0.0.1:6379, or submit this command with `rayzc submit COMMAND --address http://127.0.0.1:{port} -- "
            "...`"
        )


def test_a_port_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_SECONDS_TO_ANSWER", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        assert refusal(f"127.0.0.1:{port}").startswith(
            f"127.0.0.1:{port} does not answer like a Ray cluster:"
        )


def test_the_dashboard_of_a_head(head: Head) -> None:
    place = head.dashboard.removeprefix("http://")
    assert refusal(place).startswith(f"{place} is the address of a dashboard, which only takes jobs:")


def test_tokens(head: Head, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    no_token = f"the Ray cluster at {head.address} requires a token: set RAY_AUTH_MODE=token"
    assert refusal(head.address).startswith(no_token)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    assert refusal(head.address).startswith(no_token)

    monkeypatch.setenv("RAY_AUTH_TOKEN", "f" * 64)
    other_token = (
        f"the Ray cluster at {head.address} has a different token than this machine: put the cluster's token"
    )
    assert refusal(head.address).startswith(other_token)
    monkeypatch.setenv("RAY_AUTH_TOKEN", head.token)
    check_address(head.address)

    monkeypatch.delenv("RAY_AUTH_TOKEN")
    (tmp_path / "token").write_text(f"{head.token}\n")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    check_address(head.address)
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH")
    (tmp_path / ".ray").mkdir()
    (tmp_path / "token").rename(tmp_path / ".ray" / "auth_token")
    check_address(head.address)


def test_a_proxy_for_the_web_is_not_asked(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", head.token)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_ports(1)[0]}")
    check_address(head.address)


@pytest.mark.parametrize("named", [True, False])
def test_a_wrong_token_is_refused_before_ray_is_asked(
    head: Head, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: bool
) -> None:
    """Ray tries again for half a minute; here nobody may come to that."""
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(head.address)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "init", lambda **options: pytest.fail("Ray was asked"))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "f" * 64)
    with pytest.raises(
        ClusterError, match=f"the Ray cluster at {head.address} has a different token than this machine"
    ):
        with connected(head.address if named else "auto"):
            pass


@pytest.mark.parametrize("note", ["", "127.0.0.1:1", "nonsense"])
def test_an_old_note_of_a_cluster_here_is_ray_s_business(
    note: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(note)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    assert check_address("auto") is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("variable", ["RAY_TMPDIR", "TMPDIR"])
def test_a_long_temporary_folder(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overhead = len(f"/ray/session_2000-01-01_00-00-00_000000_{os.getpid()}/sockets/plasma_store")
    fits = f"/var/{'x' * (107 - overhead - 5)}"
    monkeypatch.setenv(variable, fits)
    check_address()
    monkeypatch.setenv(variable, f"{fits}yz")
    assert refusal(None) == (
        f"{variable} is {fits}yz, which is 2 bytes too long for the names of Ray's sockets: set RAY_TMPDIR to a "
        "shorter path, such as /tmp"
    )


def test_ray_agrees_about_long_temporary_folders(tmp_path: Path) -> None:
    """Its own error, where the names are one byte too long, is the reason for ours."""
    from ray._private.utils import validate_socket_filepath

    validate_socket_filepath("x" * 107)
    with pytest.raises(OSError, match="cannot exceed 107 bytes"):
        validate_socket_filepath("x" * 108)


def test_a_temporary_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LONGEST_SOCKET_NAME", 1000)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "file" / "below"))
    assert refusal(None) == (
        f"Ray cannot write to {tmp_path}/file/below, its folder for temporary files: set RAY_TMPDIR to another folder"
    )
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "new" / "below"))
    check_address()


def test_a_home_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    seen: list[str | None] = []
    monkeypatch.setattr(ray, "init", lambda **options: seen.append(os.environ.get("RAY_AUTH_TOKEN")))
    check_address()
    monkeypatch.setenv("RAY_AUTH_TOKEN", "f" * 64)
    with connected():
        pass
    monkeypatch.setenv("RAY_AUTH_TOKEN", "")
    with connected():
        pass
    assert seen[0] == "f" * 64
    assert seen[1] is not None
    assert len(bytes.fromhex(seen[1])) == 32


def test_a_deleted_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    assert refusal(None) == (
        "the folder that this command was started in has been deleted: change to another folder with cd"
    )


def test_ray_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**options: object) -> None:
        raise RuntimeError("\nno memory left\nand more")

    monkeypatch.setattr(ray, "init", fails)
    with pytest.raises(ClusterError) as refused:
        with connected():
            pass
    assert str(refused.value) == (
        "Ray cannot be started on this machine (no memory left): fix that, or give the --address of a cluster"
    )


def test_no_cluster_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**options: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr(ray, "init", fails)
    with pytest.raises(ClusterError, match="no Ray runs on this machine: start one with `ray start --head`"):
        with connected("auto"):
            pass


def test_a_cluster_that_cannot_be_used_from_here(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**options: object) -> None:
        raise RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 1.0")

    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", head.token)
    monkeypatch.setattr(ray, "init", fails)
    with pytest.raises(ClusterError) as refused:
        with connected(head.address):
            pass
    assert str(refused.value) == (
        f"the Ray cluster at {head.address} cannot be used from here (Version mismatch: The cluster was started "
        "with:): run this command on a machine of the cluster, with the cluster's versions of Ray and Python, or "
        "submit it with `rayzc submit`"
    )


def test_nothing_is_checked_where_there_is_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    check_address("nonsense")


@pytest.mark.parametrize(
    ("cpus", "workers", "room"),
    [(2, None, 2), (2, 1, 2), (2, 4, 4), (2, 8, 8), (1, 8, 8), (6, 12, 12), (6, 3, 6)],
)
def test_room_for_workers_on_this_machine(
    cpus: int, workers: int | None, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "usable_cpus", lambda: cpus)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert given_cpus(workers, monkeypatch) == room


@pytest.mark.parametrize(
    ("cpus", "workers", "room", "said"),
    [
        (2, 50, 8, "50 workers for 2 CPUs: only 8"),
        (1, 9, 8, "9 workers for 1 CPU: only 8"),
        (8, 100, 16, "only 16"),
    ],
)
def test_far_more_workers_than_cpus(
    cpus: int, workers: int, room: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "usable_cpus", lambda: cpus)
    with pytest.warns(UserWarning, match=said) as told:
        assert given_cpus(workers, monkeypatch) == room
    assert len(told) == 1
    assert "\n" not in str(told[0].message)


def given_cpus(workers: int | None, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many CPUs a Ray on this machine is told of."""
    given: list[Any] = []
    monkeypatch.setattr(ray, "init", lambda **options: given.append(options["num_cpus"]))
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    with connected(workers=workers):
        pass
    (cpus,) = given
    return int(cpus)
