"""What a name stands for: one run, whose jobs are attempts, never two at a time, never another run."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rayzc.cluster.submission.inputs import Input
from rayzc.cluster.submission.results import check_target
from rayzc.cluster.submission.submitting import (
    ENV_VARS,
    Submission,
    automatic_name,
    identity_of,
    latest,
    start,
)
from rayzc.errors import ClusterError, RunError
from tests.cluster.submission.stand_in import StandIn, record

ROOT = Path(__file__).parents[3]
FIRST = Submission("first", "discover", ("--epochs", "4"), (), "~/rayzc-runs/first")


def test_submitting_again_attaches_then_resumes_then_finds_the_result() -> None:
    server = StandIn()
    job, started = start(server, FIRST)
    assert (job.id, job.name, job.attempt, started) == ("rayzc-first", "first", 1, True)
    assert job.folder == "~/rayzc-runs/first"
    assert start(server, FIRST) == (job, False)

    server.end("rayzc-first", "STOPPED")
    job, started = start(server, FIRST)
    assert (job.id, job.attempt, started) == ("rayzc-first--2", 2, True)
    server.end("rayzc-first--2", "FAILED")
    job, started = start(server, FIRST)
    assert (job.id, job.attempt, started) == ("rayzc-first--3", 3, True)
    server.end("rayzc-first--3", "SUCCEEDED")
    job, started = start(server, FIRST)
    assert (job.id, job.status, started) == ("rayzc-first--3", "SUCCEEDED", False)

    anew, started = start(server, replace(FIRST, arguments=(*FIRST.arguments, "--force")))
    assert (anew.id, started) == ("rayzc-first--4", True)


def test_what_is_submitted(tmp_path: Path) -> None:
    (tmp_path / "suite.parquet").write_text("rows")
    server = StandIn()
    arguments = ("--suite", "suite.parquet", "--formula", "a + 'b'")
    given = replace(
        FIRST, arguments=arguments, inputs=(Input(tmp_path / "suite.parquet", "suite.parquet"),), install=True
    )
    job, _ = start(server, given)
    words = shlex.split(job.entrypoint)
    assert words[:4] == ["exec", "python", "-m", "rayzc.cli.submitted"]
    assert words[4:6] == ["discover", "~/rayzc-runs/first"]
    assert tuple(words[7:]) == arguments
    environment = server.environments[job.id]
    assert environment["env_vars"] == ENV_VARS
    assert [Path(path).suffix for path in environment["py_modules"]] == [".whl"]
    assert environment["working_dir"].endswith("inputs.zip")
    assert any(text.startswith("numba") for text in environment["pip"])


def test_ray_job_submit_has_the_same_environment() -> None:
    document = yaml.safe_load((ROOT / "jobs" / "runtime_env.yaml").read_text())
    assert document == {"env_vars": ENV_VARS}


def test_a_name_stands_for_one_command() -> None:
    server = StandIn()
    start(server, FIRST)
    other = replace(FIRST, arguments=("--epochs", "5"))
    with pytest.raises(ClusterError, match="a job 'first' runs already, with other arguments"):
        start(server, other)
    with pytest.raises(
        ClusterError, match="a job 'first' runs already: choose another --name, or stop it first"
    ):
        start(server, replace(FIRST, arguments=(*FIRST.arguments, "--force")))
    server.end("rayzc-first", "STOPPED")
    with pytest.raises(ClusterError, match="there was a job 'first' with another command or other arguments"):
        start(server, other)
    assert start(server, replace(FIRST, arguments=(*FIRST.arguments, "--workers", "3", "-q")))[1]


def test_results_of_files_that_have_changed_are_not_taken_for_new(tmp_path: Path) -> None:
    (tmp_path / "suite").write_text("rows")
    given = replace(FIRST, inputs=(Input(tmp_path / "suite", "suite"),))
    server = StandIn()
    start(server, given)
    server.end("rayzc-first", "SUCCEEDED")
    assert not start(server, given)[1]
    (tmp_path / "suite").write_text("other rows")
    with pytest.raises(ClusterError, match="its files have changed since"):
        start(server, given)


def test_a_job_of_somebody_else_that_has_the_id() -> None:
    server = StandIn(record("rayzc-first"))
    with pytest.raises(ClusterError, match="a job 'first' runs already, with other arguments"):
        start(server, FIRST)


def test_fetching_jobs_are_not_attempts() -> None:
    server = StandIn(
        record("rayzc-first--fetch-1", metadata={"rayzc_name": "first", "rayzc_fetch": "rayzc-first"})
    )
    assert latest(server, "first") is None


@pytest.mark.parametrize("name", ["", "-a", "a--2", "a b", "a/b", "..", "ä", "a-", "x" * 81])
def test_names_that_cannot_be_used(name: str) -> None:
    with pytest.raises(ClusterError, match=r"^--name '.*': write letters"):
        replace(FIRST, name=name)


def test_ids_of_different_names_differ() -> None:
    names = ["a", "a-2", "a.2", "A_b-c"]
    ids = [identity_of(replace(FIRST, name=name).name, attempt) for name in names for attempt in (1, 2, 3)]
    assert len(set(ids)) == len(ids)


def test_the_automatic_name_is_that_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "suite").write_text("rows")
    files = [Input(tmp_path / "suite", "suite")]
    name = automatic_name("discover", ["--suite", "suite"], files)
    assert name.startswith("discover-")
    assert automatic_name("discover", ["--suite", "suite", "--json", "--export=nets"], files) == name
    assert automatic_name("discover", ["--suite", "suite", "--seed", "1"], files) != name
    (tmp_path / "suite").write_text("other rows")
    assert automatic_name("discover", ["--suite", "suite"], files) != name


def test_results_overwrite_nothing_else(tmp_path: Path) -> None:
    check_target(tmp_path / "new", "first")
    check_target(tmp_path, "first")
    (tmp_path / "submitted.json").write_text('{"name": "first"}')
    check_target(tmp_path, "first")
    with pytest.raises(RunError, match="has the results of another job, 'first'"):
        check_target(tmp_path, "second")
    (tmp_path / "submitted.json").rename(tmp_path / "config.json")
    with pytest.raises(RunError, match="exists and is not empty"):
        check_target(tmp_path, "first")
    with pytest.raises(RunError, match="exists and is not empty"):
        check_target(tmp_path / "config.json", "first")
