"""Studies on Ray: each discovery as if it ran alone, whatever the workers are and whoever is killed."""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rayzc import discover, resume_study, study
from rayzc.cluster.islands.workers import IslandWorkers
from rayzc.cluster.studies import StudyProgress
from rayzc.errors import RunError
from rayzc.options import DiscoverOptions, Limits, Settings, StudyOptions
from rayzc.problems import Suite, write_suite
from rayzc.runs import Ending, Reason, Study
from tests.cluster.drivers import start
from tests.evolution import samples
from tests.s3 import Server

SETTINGS = Settings(seed=3, islands=2, population=20, offspring=30, generations=1, migration_interval=2)
OPTIONS = StudyOptions(
    breed_on=("all-but-one-space", "each-problem"),
    repeats=2,
    bootstrap=20,
    settings=SETTINGS,
    limits=Limits(epochs=4),
)


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Two problems of one space, and one of another."""
    own = samples.suite()
    return replace(own, problems=(*own.problems[:2], replace(own.problems[2], space="other")))


@pytest.fixture(scope="module")
def undisturbed(suite: Suite, ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study with one worker."""
    return study(suite, options=OPTIONS, workers=1, out=tmp_path_factory.mktemp("study") / "run")


def halls(run: Path) -> dict[str, bytes]:
    """The halls of fame of all discoveries of a study."""
    return {path.parent.name: path.read_bytes() for path in run.glob("members/*/hall_of_fame.json")}


def test_the_matrix(undisturbed: Study, suite: Suite) -> None:
    assert undisturbed.ending == Ending(Reason.ALL_BRED)
    assert (len(undisturbed.members), undisturbed.unfinished, undisturbed.trouble) == (10, 0, None)
    table = undisturbed.to_table()
    assert table.num_rows == 5 * 3
    rows = {(row["bred_on"], row["judged_on"]): row for row in table.to_pylist()}
    assert {key for key, row in rows.items() if not row["seen"]} == {
        ("all but own", "own/task-0"),
        ("all but own", "own/task-1"),
        ("all but other", "other/task-2"),
        *((a, b) for a in suite.names for b in suite.names if a != b),
    }
    for row in rows.values():
        assert row["low"] <= row["kendall"] <= row["high"]
        assert row["repeats"] == 2
        assert not row["fitted"]
    stored = json.loads((undisturbed.run / "result.json").read_text())
    assert stored["matrix"] == table.to_pylist()
    assert [each["folder"] for each in stored["members"]] == sorted(halls(undisturbed.run))


def test_each_discovery_is_as_if_it_ran_alone(undisturbed: Study, suite: Suite, tmp_path: Path) -> None:
    member = undisturbed.members[3]
    assert member.title == "all but other, seed 4"
    alone = DiscoverOptions(
        problems=member.kind.problems,
        proxies=suite.problems[0].proxies,
        holdout=0.25,
        settings=SETTINGS.replaced(seed=4),
        limits=Limits(epochs=4),
    )
    discover(suite, options=alone, workers=2, out=tmp_path / "alone")
    assert (tmp_path / "alone" / "hall_of_fame.json").read_bytes() == halls(undisturbed.run)[member.folder]


def test_the_driver_is_killed_and_the_study_resumed_with_other_workers(
    undisturbed: Study, suite: Suite, ray_session: None, tmp_path: Path
) -> None:
    write_suite(suite, tmp_path / "small.parquet")
    run = tmp_path / "run"
    settings = {"islands": 2, "population": 20, "seed": 3, "migration-interval": 2, "epochs": 8}
    command = ["study", "--suite", str(tmp_path / "small.parquet"), "--quiet"]
    command += ["--breed-on", "all-but-one-space,each-problem", "--workers", "1", "--out", str(run)]
    command += [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    driver = start(command)
    try:
        deadline = time.monotonic() + 120
        while not [*run.glob("members/*/checkpoints/epoch-*.json")]:
            assert driver.poll() is None, driver.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        driver.kill()
        driver.communicate()
    assert not (run / "result.json").exists()
    resumed = resume_study(run, workers=3)
    assert resumed.ending == Ending(Reason.ALL_BRED)
    whole = study(suite, options=resumed_options(run), workers=2, out=tmp_path / "whole")
    assert halls(run) == halls(whole.run)
    assert len(halls(run)) == 5
    assert resumed.to_table().equals(whole.to_table())


def resumed_options(run: Path) -> StudyOptions:
    """The options with which a study was begun, from its configuration."""
    document = json.loads((run / "config.json").read_text())
    for key in ("kind", "schema_version", "rayzc", "suite", "suite_hash"):
        document.pop(key)
    return StudyOptions.from_document(document, "config.json")


def test_a_signal_ends_all_and_resume_goes_on(undisturbed: Study, suite: Suite, tmp_path: Path) -> None:
    run = tmp_path / "run"

    def interrupt(progress: StudyProgress) -> None:
        assert (progress.total, len(progress.under_way) + progress.ended) == (10, 10)
        if all(state.epoch >= 1 for _, state in progress.under_way):
            os.kill(os.getpid(), signal.SIGINT)

    part = study(suite, options=OPTIONS.replaced(epochs=10_000), workers=2, out=run, listen=interrupt)
    assert part.interrupted is signal.SIGINT
    assert part.unfinished == 0
    reached = max(result["epochs"] for result in part.results)
    resumed = resume_study(run, limits=Limits(epochs=reached + 3), workers=2)
    assert {result["epochs"] for result in resumed.results} == {reached + 3}
    assert resumed.seconds > part.seconds


@pytest.mark.cluster
def test_on_a_server_as_on_this_machine(undisturbed: Study, suite: Suite, s3: Server) -> None:
    place = s3.uri("studies/run")

    def interrupt(progress: StudyProgress) -> None:
        if any(state.epoch >= 1 for _, state in progress.under_way):
            os.kill(os.getpid(), signal.SIGINT)

    part = study(suite, options=OPTIONS, workers=2, out=place, listen=interrupt)
    assert part.interrupted is signal.SIGINT
    resumed = resume_study(place, workers=1)
    assert resumed.to_table().equals(undisturbed.to_table())
    assert {
        member.folder: (resumed.run / "members" / member.folder / "hall_of_fame.json").read_bytes()
        for member in resumed.members
    } == halls(undisturbed.run)


def test_a_study_that_has_ended_has_nothing_left_to_do(
    undisturbed: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = halls(undisturbed.run)
    monkeypatch.setattr(IslandWorkers, "begin", lambda *given: pytest.fail("a discovery began"))
    again = resume_study(undisturbed.run)
    assert halls(undisturbed.run) == before
    assert again.busy is None
    assert again.to_table().equals(undisturbed.to_table())


def test_mistakes_are_told_before_anything_is_written(suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no setting 'parsimny' to vary"):
        study(suite, vary=("parsimny=1",), out=tmp_path / "run")
    with pytest.raises(RunError, match="parsimony is 3"):
        study(suite, vary=("parsimony=0,3",), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
