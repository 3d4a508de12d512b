"""The job server: where it is, to whom the token goes, and what is said of everything that goes wrong."""

import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import requires
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import ray.exceptions

from rayzc.cluster.submission import client
from rayzc.cluster.submission import dashboard as dashboards
from rayzc.cluster.submission.client import JobRecord, Server, UnknownJobError, connect
from rayzc.cluster.submission.dashboard import UnreachableError, find_dashboard
from rayzc.errors import ClusterError
from tests.cluster.heads import free_ports

TOKEN = "0123456789abcdef" * 4
MEND = (
    "put the cluster's token, which `ray get-auth-token` prints on its head, into RAY_AUTH_TOKEN or "
    "~/.ray/auth_token"
)


class Dashboard(ThreadingHTTPServer):
    """A dashboard that answers one question, and remembers who asked."""

    answer: tuple[int, bytes] = (200, json.dumps({"ray_version": "2.60.0"}).encode())
    token: str | None = None
    location: str | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tokens: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Dashboard

    def do_GET(self) -> None:
        given = self.headers["Authorization"]
        self.server.tokens.append(given)
        code, body = self.server.answer
        if self.server.token is not None and given != f"Bearer {self.server.token}":
            code, body = (403 if given else 401), b"Unauthorized"
        self.send_response(code)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *values: object) -> None:
        """Says nothing."""


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in (
        "RAY_ADDRESS",
        "RAY_API_SERVER_ADDRESS",
        "RAY_AUTH_MODE",
        "RAY_AUTH_TOKEN",
        "RAY_AUTH_TOKEN_PATH",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    with Dashboard() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def refusal(address: str | None) -> str:
    with pytest.raises(ClusterError) as refused:
        find_dashboard(address)
    assert TOKEN not in str(refused.value)
    return str(refused.value)


def test_a_dashboard_that_asks_for_no_token_is_sent_none(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    assert find_dashboard(dashboard.address).ray_version == "2.60.0"
    assert set(dashboard.tokens) == {None}


def test_the_token_is_sent_where_it_is_asked_for(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard.token = TOKEN
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    assert TOKEN not in repr(find_dashboard(dashboard.address))
    dashboard.tokens.clear()
    assert connect(dashboard.address).address == dashboard.address
    assert dashboard.tokens[0] is None
    assert set(dashboard.tokens[1:]) == {f"Bearer {TOKEN}"}


def test_refusals(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    dashboard.token = TOKEN[::-1]
    assert refusal(dashboard.address) == f"the cluster at {dashboard.address} requires a token: {MEND}"
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    assert refusal(dashboard.address) == (
        f"the cluster at {dashboard.address} has a different token than this machine: {MEND}"
    )
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert refusal(dashboard.address) == (
        f"the cluster at {dashboard.address} requires a token, and RAY_AUTH_MODE=disabled holds ours back: set "
        "RAY_AUTH_MODE=token"
    )


def test_the_token_follows_no_redirection(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    dashboard.answer, dashboard.location = (302, b""), f"{dashboard.address}/elsewhere"
    assert "(HTTP 302)" in refusal(dashboard.address)
    assert len(dashboard.tokens) == 1


@pytest.mark.parametrize("answer", [(200, b"<html>"), (200, b"[]"), (200, b"{}"), (404, b""), (500, b"")])
def test_what_is_not_a_dashboard(dashboard: Dashboard, answer: tuple[int, bytes]) -> None:
    dashboard.answer = answer
    said = refusal(dashboard.address)
    assert said.startswith(f"{dashboard.address} does not answer like Ray's dashboard")
    assert said.endswith(
        "give the address of the cluster's dashboard, usually http://HOST:8265, with --address"
    )


def test_an_old_ray(dashboard: Dashboard) -> None:
    dashboard.answer = (200, b'{"ray_version": "2.9.1"}')
    assert refusal(dashboard.address) == (
        f"the cluster at {dashboard.address} runs Ray 2.9.1, and rayzc needs 2.50 or later: install a newer Ray on the "
        "cluster"
    )
    (needed,) = [text for text in requires("rayzc") or [] if text.startswith("ray[")]
    assert re.search(r">=([\d.]+)", needed)[1] == ".".join(map(str, dashboards.OLDEST_RAY))  # type: ignore[index]


def test_nobody_there() -> None:
    (port,) = free_ports(1)
    assert refusal(f"127.0.0.1:{port}").startswith(
        f"no dashboard at 127.0.0.1:{port} ([Errno 111] Connection refused)"
    )


@pytest.mark.parametrize(
    "address", ["http://", "ray://head:10001", "http://head:port", "http://a b:1", "ftp://head:1"]
)
def test_what_is_not_an_address(address: str) -> None:
    assert refusal(address) == f"{address} is not the address of a dashboard: write http://HOST:8265"


def test_the_address_by_default(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboards, "DEFAULT_ADDRESS", dashboard.address)
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    assert connect().address == dashboard.address
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1 (from RAY_ADDRESS)" in refusal(None)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", dashboard.address)
    assert connect().address == dashboard.address
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:2")
    assert "http://127.0.0.1:2 (from RAY_API_SERVER_ADDRESS)" in refusal("")
    # What is named goes before what is set, though Ray's own client sees it the other way.
    assert connect(dashboard.address).address == dashboard.address
    assert os.environ["RAY_API_SERVER_ADDRESS"] == "http://127.0.0.1:2"


class Failing:
    """Ray's client, of which everything fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_job_info(self, identity: str) -> None:
        raise self.error

    def list_jobs(self) -> None:
        raise self.error

    def submit_job(self, **given: Any) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ConnectionError("gone"), UnreachableError, "does not answer (gone)"),
        (aiohttp.ClientError("gone"), UnreachableError, "does not answer (gone)"),
        (RuntimeError("Request failed with status code 404: no."), UnknownJobError, "knows no job 'it'"),
        (
            RuntimeError("Request failed with status code 413: no."),
            ClusterError,
            "name them with --on-cluster",
        ),
        (
            RuntimeError("Request failed with status code 500: a\nValueError: full."),
            UnreachableError,
            "cannot answer now: ValueError: full",
        ),
        (RuntimeError("WebSocket connection closed"), UnreachableError, "broke off"),
        (ray.exceptions.AuthenticationError("no"), ClusterError, "requires a token"),
    ],
)
def test_the_errors_of_ray(error: Exception, kind: type[ClusterError], said: str) -> None:
    with pytest.raises(kind, match=re.escape(said)) as raised:
        Server(Failing(error), "http://head:8265").job("it")
    assert type(raised.value) is kind
    assert "\n" not in str(raised.value)


class Starting:
    """A client of a cluster whose nodes are not ready for the first jobs that are submitted."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.submitted = refusals, list[str]()

    def submit_job(self, **given: Any) -> None:
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("Request failed with status code 500: No available agent to submit job.")
        self.submitted.append(given["submission_id"])

    def list_jobs(self) -> list[Any]:
        return []


def test_a_cluster_that_has_just_been_started_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_SECONDS_BETWEEN_ATTEMPTS", 0.0)
    starting = Starting(2)
    assert Server(starting, "http://head:8265").submit("it", "true", {}, {})  # type: ignore[arg-type]
    assert starting.submitted == ["it"]
    monkeypatch.setattr(client, "_SECONDS_TO_BE_READY", -1.0)
    with pytest.raises(ClusterError, match=r"refuses: .*No available agent"):
        Server(Starting(1), "http://head:8265").submit("it", "true", {}, {})  # type: ignore[arg-type]


def test_a_refused_submission() -> None:
    server = Server(Failing(RuntimeError("Request failed with status code 400: bad.")), "http://head:8265")
    with pytest.raises(ClusterError, match="refuses"):
        server.submit("it", "true", {}, {})


def test_a_record_of_what_ray_says() -> None:
    said = SimpleNamespace(
        submission_id="rayzc-first",
        job_id="02",
        status=SimpleNamespace(value="FAILED"),
        message=None,
        entrypoint="true",
        start_time=1500,
        end_time=None,
        driver_exit_code=2,
        metadata={
            "rayzc_name": "first",
            "rayzc_attempt": "3",
            "rayzc_command": "discover",
            "rayzc_folder": "~/first",
        },
    )
    record = JobRecord.of(said)
    assert (record.name, record.attempt, record.command, record.folder) == ("first", 3, "discover", "~/first")
    assert (record.has_ended, record.started, record.ended, record.message) == (True, 1.5, None, "")
    said.metadata = None
    assert (JobRecord.of(said).name, JobRecord.of(said).command) == ("rayzc-first", "")
