"""``rayzc submit`` and ``rayzc jobs`` with a job server that is not there: what they say, and their exit codes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rayzc.cluster.submission import following
from rayzc.runs.archive import packed
from tests.cli.conftest import Command
from tests.cluster.submission.stand_in import StandIn, record

JOB = {
    "rayzc_name": "first",
    "rayzc_command": "discover",
    "rayzc_attempt": "1",
    "rayzc_folder": "~/rayzc-runs/first",
}


class Cluster(StandIn):
    """A server whose jobs end at once, and whose results are a folder here."""

    def __init__(self, run: Path) -> None:
        super().__init__()
        self.run = run
        self.becomes: Mapping[str, Any] = {"status": "SUCCEEDED", "exit_code": 0}
        self.says = "formula  flops\n"
        self.most = 10_000

    def submit(self, identity: str, *given: Any) -> bool:
        started = super().submit(identity, *given)
        if "--fetch-" in identity:
            self.end(identity, "SUCCEEDED")
            self.texts[identity] = packed([(self.run, "")], self.most)
        elif started and self.becomes:
            self.known[identity] = replace(self.known[identity], **self.becomes)
            self.texts[identity] = self.says
        return started


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    run = tmp_path / "cluster" / "run"
    run.mkdir(parents=True)
    (run / "config.json").write_text("{}")
    (run / "result.json").write_text('{"formula": "flops"}')
    found = Cluster(run)
    monkeypatch.setattr("rayzc.cluster.submission.connect", lambda address: found)
    monkeypatch.setattr(following, "_FIRST_PAUSE", 0.0)
    return found


def test_a_job_and_its_results(command: Command, cluster: Cluster) -> None:
    ended = command("submit", "discover", "--name", "first", "--", "--epochs", 4)
    assert (ended.code, ended.out) == (0, "formula  flops\n")
    assert ended.err.splitlines() == [
        "job first is submitted to http://head:8265; its folder is ~/rayzc-runs/first",
        "results    runs/first: 2 files",
    ]
    assert json.loads(Path("runs/first/result.json").read_text()) == {"formula": "flops"}
    note = json.loads(Path("runs/first/submitted.json").read_text())
    assert (note["name"], note["submission_id"], note["folder"]) == (
        "first",
        "rayzc-first",
        "~/rayzc-runs/first",
    )


def test_what_is_too_large_is_named(command: Command, cluster: Cluster) -> None:
    (cluster.run / "weights.pt").write_bytes(b"x" * 20_000)
    ended = command("submit", "discover", "--name", "first", "--out", "here")
    assert ended.err.splitlines()[-1] == (
        "too large  weights.pt (0.0 MiB) stays in ~/rayzc-runs/first/run on the cluster"
    )
    assert Path("here/result.json").is_file()
    assert not Path("here/weights.pt").exists()


def test_results_that_stay(command: Command, cluster: Cluster) -> None:
    assert command("submit", "discover", "--name", "first", "--no-fetch").code == 0
    assert list(cluster.known) == ["rayzc-first"]
    assert not Path("runs").exists()


def test_results_that_would_overwrite_something(command: Command, cluster: Cluster) -> None:
    Path("runs/first").mkdir(parents=True)
    Path("runs/first/mine").write_text("")
    ended = command("submit", "discover", "--name", "first")
    assert (ended.code, cluster.known) == (2, {})
    assert ended.err == "rayzc: runs/first exists and is not empty: choose another --out for the results\n"


def test_results_that_cannot_be_fetched(
    command: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.cli.test_submit.packed", lambda *given: "nothing")
    ended = command("submit", "discover", "--name", "first")
    assert ended.code == 2
    assert ended.err.splitlines()[-1] == (
        "rayzc: the log has no complete archive of result files; the results of 'first' are in ~/rayzc-runs/first on "
        "the cluster"
    )


def test_detached(command: Command, cluster: Cluster) -> None:
    cluster.becomes = {}
    ended = command("submit", "discover", "--name", "first", "--detach")
    assert (ended.code, ended.out) == (0, "")
    assert "rayzc jobs logs first --follow --address http://head:8265" in ended.err
    assert "rayzc jobs stop first --address http://head:8265" in ended.err
    again = command("submit", "discover", "--name", "first", "--detach")
    assert again.err.splitlines()[0] == "job first is pending already: attached"


@pytest.mark.parametrize(
    ("exit_code", "log", "reason"),
    [
        (2, "progress\nrayzc: no such suite\n", "failed with exit code 2: no such suite"),
        (
            127,
            "sh: 1: exec: python: not found\n",
            "failed with exit code 127: sh: 1: exec: python: not found; name the Python that has the cluster's Ray: "
            "--python PATH",
        ),
        (
            1,
            "Traceback\nModuleNotFoundError: No module named 'numba'\n",
            "failed with exit code 1: ModuleNotFoundError: No module named 'numba'; name the Python that has what "
            "rayzc needs, --python PATH, or add --install",
        ),
        (None, "", "failed: cannot be installed"),
    ],
)
def test_a_job_that_fails(
    command: Command, cluster: Cluster, exit_code: int | None, log: str, reason: str
) -> None:
    cluster.becomes = {
        "status": "FAILED",
        "exit_code": exit_code,
        "message": "the wheel\ncannot be installed",
    }
    cluster.says = log
    ended = command("submit", "discover", "--name", "first")
    assert (ended.code, ended.err.splitlines()[-1]) == (1, f"rayzc: the job 'first' {reason}")
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("start", "`rayzc jobs list` tells whether the job was submitted"),
        ("follow", "rayzc jobs stop first --address http://head:8265"),
        ("fetch", "repeat the command to fetch the results"),
    ],
)
def test_ctrl_c(
    command: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"rayzc.cluster.submission.{place}", interrupted)
    ended = command("submit", "discover", "--name", "first")
    assert ended.code == 130
    assert said in ended.err


def test_a_large_upload_is_refused_before_the_cluster_is_asked(
    command: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("large.parquet").write_bytes(b"")
    with Path("large.parquet").open("r+b") as file:
        file.truncate(101 * 1024**2)
    ended = command("submit", "discover", "--", "--suite", "large.parquet")
    assert (ended.code, cluster.known) == (2, {})
    assert ended.err.startswith(
        "rayzc: the files to upload have 101.0 MiB, and the cluster accepts 99.9 MiB; the largest: "
    )
    assert "large.parquet (101.0 MiB)" in ended.err


def test_the_list_of_jobs(command: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("jobs", "list").out == "no jobs of rayzc; --all lists the others\n"
    assert command("jobs", "list", "--all").out == "no jobs\n"
    cluster.known = {
        found.id: found
        for found in (
            record("rayzc-first", "STOPPED", metadata=JOB, started=0.0, ended=90.0),
            record("rayzc-first--2", metadata=JOB | {"rayzc_attempt": "2"}),
            record("raysubmit_1", entrypoint="python [mine].py"),
            record("rayzc-first--fetch-1", metadata={"rayzc_name": "first", "rayzc_fetch": "rayzc-first"}),
        )
    }
    assert [job["submission_id"] for job in json.loads(command("jobs", "list", "--json").out)] == [
        "rayzc-first--2"
    ]
    everything = command("jobs", "list", "--all").out
    assert [line.split()[0] for line in everything.splitlines()[2:]] == ["first", "first", "raysubmit_1"]
    assert "python [mine].py" in everything
    assert "1970-01-01T00:00:00Z     90.0" in everything
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr("rayzc.cli.output.Console.is_terminal", True)
    narrow = command("jobs", "list").out
    assert "first" in narrow
    assert "RUNNING" in narrow
    assert "rayzc-runs" not in narrow


def test_one_job(command: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.known["rayzc-first"] = record("rayzc-first", metadata=JOB, message="it runs")
    cluster.known["raysubmit_1"] = record("raysubmit_1", "FAILED", exit_code=3)
    cluster.texts["rayzc-first"] = "one\ntwo"
    said = command("jobs", "status", "first").out
    assert {line.partition("  ")[0] for line in said.splitlines()} >= {"name", "status", "folder", "message"}
    assert json.loads(command("jobs", "status", "raysubmit_1", "--json").out)["exit_code"] == 3
    assert command("jobs", "logs", "first").out == "one\ntwo"
    ended = command("jobs", "stop", "first")
    assert (ended.code, ended.out) == (0, "job first has ended: stopped; submit it again to continue\n")
    assert cluster.stopped == ["rayzc-first"]

    def slow(identity: str) -> None:
        cluster.stopped.append(identity)
        if len(cluster.stopped) == 4:
            cluster.end(identity, "STOPPED")

    monkeypatch.setattr(cluster, "stop", slow)
    monkeypatch.setattr("rayzc.cli.jobs._SECONDS_BETWEEN_WISHES", 0.0)
    cluster.known["rayzc-first"] = record("rayzc-first", metadata=JOB)
    assert command("jobs", "stop", "first").out.startswith("job first has ended: stopped")
    cluster.known["rayzc-first"] = record("rayzc-first", metadata=JOB)
    monkeypatch.setattr("rayzc.cli.jobs._SECONDS_TO_STOP", 0.0)
    stubborn = command("jobs", "stop", "first")
    assert (stubborn.code, stubborn.err) == (
        2,
        "rayzc: the job 'first' was asked to stop and still runs after 0 s: look at `rayzc jobs logs first`\n",
    )
    lost = command("jobs", "stop", "frist")
    assert (lost.code, lost.err) == (
        2,
        "rayzc: the cluster at http://head:8265 has no job 'frist'; did you mean 'first'?\n",
    )


def test_following_a_job(command: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.known["rayzc-first"] = record("rayzc-first", "SUCCEEDED", metadata=JOB)
    cluster.texts["rayzc-first"] = "one\ntwo\n"
    ended = command("jobs", "logs", "first", "--follow")
    assert (ended.code, ended.out) == (0, "one\ntwo\n")
    cluster.end("rayzc-first", "STOPPED")
    stopped = command("jobs", "logs", "first", "-f")
    assert stopped.code == 1
    assert stopped.err == (
        "rayzc: the job 'first' was stopped: submit it again to continue from ~/rayzc-runs/first\n"
    )
