"""Discovery as a submitted job, and what a cluster says to those it does not know."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rayzc.problems import Suite, write_suite
from tests.cluster.heads import RAY, Head, started_head

ROOT = Path(__file__).parents[3]
EPOCHS = ["--epochs", "4", "--islands", "4", "--population", "20", "--seed", "7"]


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with started_head() as head:
        yield head


@pytest.fixture
def suite_file(small_suite: Suite, tmp_path: Path) -> Path:
    path = tmp_path / "small.parquet"
    write_suite(small_suite, path)
    return path


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, env=environment, capture_output=True, text=True, timeout=240, cwd=ROOT, check=False
    )


@pytest.mark.cluster
def test_job_gives_the_result_of_the_local_run(head: Head, suite_file: Path, tmp_path: Path) -> None:
    job = ["python", "jobs/discover.py", "--suite", str(suite_file), "--out", str(tmp_path / "job"), *EPOCHS]
    submit = [RAY, "job", "submit", "--address", head.dashboard, "--working-dir", str(ROOT)]
    submit += ["--runtime-env", "jobs/runtime_env.yaml", "--", sys.executable, *job[1:]]
    submitted = run(submit, head.environment())
    assert submitted.returncode == 0, submitted.stdout + submitted.stderr
    assert "succeeded" in submitted.stdout + submitted.stderr

    local = [sys.executable, "-m", "rayzc", "discover", "--suite", str(suite_file), "--quiet", "--json"]
    ran = run([*local, "--out", str(tmp_path / "local"), *EPOCHS, "--workers", "1"], head.environment(False))
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["run"] == str(tmp_path / "local")
    names = ("job", "local")
    job_bytes, local_bytes = ((tmp_path / name / "hall_of_fame.json").read_bytes() for name in names)
    assert job_bytes == local_bytes


def test_cluster_is_used_by_its_address(head: Head, suite_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "rayzc", "discover", "--suite", str(suite_file), "--out", str(out)]
    ran = run([*command, *EPOCHS, "--address", head.address, "--json"], head.environment())
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["epochs"] == 4


def test_a_client_without_the_token_is_told_what_to_do(head: Head, suite_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rayzc", "discover", "--suite", str(suite_file), "--quiet"]
    command += ["--out", str(tmp_path / "run"), "--address", head.address, *EPOCHS]
    refused = run(command, head.environment(authenticated=False))
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1] == (
        f"rayzc: the Ray cluster at {head.address} requires a token: set RAY_AUTH_MODE=token, and put the cluster's "
        "token into RAY_AUTH_TOKEN or ~/.ray/auth_token"
    )
    assert "Traceback" not in refused.stderr
