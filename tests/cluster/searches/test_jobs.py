"""Searching as a submitted job, and the same job submitted again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rayzc.cluster.searches import search
from rayzc.problems import write_suite
from tests.cluster.heads import RAY, Head, started_head
from tests.cluster.searches import samples

ROOT = Path(__file__).parents[3]
SEARCH = ["--formula", "flops + noise / 10", "--budget", "30", "--seeds", "2", "--seed", "5"]


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with started_head() as head:
        yield head


def ran(arguments: list[str], environment: dict[str, str]) -> str:
    ended = subprocess.run(
        arguments, env=environment, capture_output=True, text=True, timeout=240, cwd=ROOT, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def result(run: Path) -> Any:
    return json.loads((run / "result.json").read_text(encoding="utf-8"))


@pytest.mark.cluster
def test_a_job_gives_the_result_of_the_local_search_and_goes_on_when_started_again(
    head: Head, ray_session: None, tmp_path: Path
) -> None:
    suite, job = tmp_path / "small.parquet", tmp_path / "job"
    write_suite(samples.suite(), suite)
    submit = [RAY, "job", "submit", "--address", head.dashboard, "--working-dir", str(ROOT)]
    submit += ["--runtime-env", "jobs/runtime_env.yaml", "--", sys.executable, "jobs/search.py"]
    submit += [*SEARCH, "--suite", str(suite), "--out", str(job)]
    assert "succeeded" in ran(submit, head.environment())

    first = result(job)
    local = search("flops + noise / 10", suite, budget=30, seeds=2, seed=5, out=tmp_path / "local")
    assert first["results"] == local.to_json()["results"]

    again = ran(submit, head.environment())
    assert "succeeded" in again
    assert result(job)["results"] == first["results"]
    events = [json.loads(line)["event"] for line in (job / "events.jsonl").read_text().splitlines()]
    assert events.count("started") == 1
    assert events[-2:] == ["resumed", "stopped"]


@pytest.mark.cluster
def test_a_whole_run_as_a_job(head: Head, ray_session: None, tmp_path: Path) -> None:
    suite, job = tmp_path / "small.parquet", tmp_path / "job"
    write_suite(samples.suite(), suite)
    submit = [RAY, "job", "submit", "--address", head.dashboard, "--working-dir", str(ROOT)]
    submit += ["--runtime-env", "jobs/runtime_env.yaml", "--", sys.executable, "jobs/run.py"]
    submit += [
        "--suite",
        str(suite),
        "--epochs",
        "3",
        "--budget",
        "30",
        "--seeds",
        "1",
        "--out",
        str(job),
    ]
    assert "succeeded" in ran(submit, head.environment())

    whole = result(job)
    assert whole["stopped"] == "all searches ended"
    assert whole["formula"] == whole["discovery"]["best"]["expression"]
    local = search(whole["formula"], suite, budget=30, seeds=1, out=tmp_path / "local")
    assert whole["search"]["results"] == local.to_json()["results"]
