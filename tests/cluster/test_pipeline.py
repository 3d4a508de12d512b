"""From a suite to architectures in one run, ended and resumed in each of its stages."""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rayzc
from rayzc.cluster import Progress
from rayzc.cluster.pipeline import resume_run, run
from rayzc.cluster.stages import Stages
from rayzc.errors import ClusterError, RayzcError, RunError
from rayzc.evolution.transfer import taus_of
from rayzc.formula import Formula
from rayzc.nas import Results
from rayzc.options import Cluster, Limits, SearchOptions, Settings
from rayzc.problems import Suite, read_suite, write_suite
from rayzc.runs import Discovery, Pipeline, PipelineConfig, RunFolder
from tests.cluster.searches.samples import suite, trajectories

GIVEN: dict[str, Any] = {
    "settings": Settings(seed=2, islands=2, population=10, offspring=12, generations=1),
    "limits": Limits(epochs=3),
    "holdout": 0.25,
    "budget": 20,
    "seeds": 2,
    "workers": 1,
}


RECORDED = Path(__file__).parent.parent / "recorded" / "v0.1.0"


def halls(out: Path) -> bytes:
    return (out / "discovery" / "hall_of_fame.json").read_bytes()


def test_a_formula_and_what_is_found_with_it(ray_session: None, tmp_path: Path) -> None:
    found: list[Discovery] = []
    whole = run(suite(), **GIVEN, out=tmp_path / "run", found=found.append)
    assert [one.run.name for one in found] == ["discovery"]
    assert str(found[0].formula) == whole.formula
    assert whole.searched is not None
    assert {str(one.plan.formula) for one in whole.searched.outcomes} == {whole.formula}
    assert len(whole.searched.outcomes) == 4
    assert whole.to_table().num_rows == 4
    assert whole.untrained == "suite small has no benchmark, which says how to train"
    assert whole.stopped == "all searches ended"
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result == json.loads(json.dumps(whole.to_json()))
    assert result["discovery"]["best"]["expression"] == whole.formula
    again = resume_run(tmp_path / "run")
    assert again.searched is not None
    assert (again.formula, trajectories(again.searched)) == (whole.formula, trajectories(whole.searched))
    assert again.discovery == whole.discovery
    assert again.transfer == whole.transfer


def test_how_a_formula_holds_is_judged_on_what_it_was_not_bred_on(undisturbed: Pipeline) -> None:
    own, *proxies = undisturbed.transfer
    assert own.name == undisturbed.formula
    assert undisturbed.discovery is not None
    assert own.held_out == undisturbed.discovery["held_out"]["kendall"]
    assert own.fitted == undisturbed.discovery["best"]["kendall"]
    assert own.left_out is not None
    folds = json.loads((undisturbed.run / "discovery" / "hall_of_fame.json").read_text())["cross_validation"][
        "folds"
    ]
    assert set(folds) == {"nasbench201", "transbench101_micro"}
    for space, front in folds.items():
        own_space = {name: tau for name, tau in own.left_out.items() if name.startswith(space)}
        assert own_space in [each["left_out"] for each in front] or own.name in ("flops", "noise")
        for each in front:
            assert taus_of(Formula.parse(each["expression"]), suite().select((space,))) == each["left_out"]
    assert {each.name.removeprefix("-") for each in proxies} == {"flops", "noise"}


@pytest.fixture(scope="module")
def undisturbed(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return run(suite(), **GIVEN, out=tmp_path_factory.mktemp("undisturbed") / "run")


@pytest.mark.parametrize("stage", ["discovery", "search"])
def test_interrupted_and_resumed(undisturbed: Pipeline, tmp_path: Path, stage: str) -> None:
    sent: list[object] = []

    def interrupt(progress: object) -> None:
        due = stage == ("discovery" if isinstance(progress, Progress) else "search")
        if due and not sent and getattr(progress, "epoch", 1) >= 1:
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    part = run(suite(), **GIVEN, out=tmp_path / "run", listen=interrupt)
    assert part.interrupted is signal.SIGINT
    assert (part.searched is None) == (stage != "search")
    rest = resume_run(tmp_path / "run")
    assert rest.interrupted is None
    assert halls(tmp_path / "run") == halls(undisturbed.run)
    assert rest.searched is not None
    assert undisturbed.searched is not None
    assert trajectories(rest.searched) == trajectories(undisturbed.searched)
    assert rest.transfer == undisturbed.transfer


def test_it_is_repeated_to_the_byte_with_other_workers(undisturbed: Pipeline, tmp_path: Path) -> None:
    again = run(suite(), **GIVEN | {"workers": 2}, out=tmp_path / "run")
    assert halls(again.run) == halls(undisturbed.run)
    assert again.searched is not None
    assert undisturbed.searched is not None
    assert trajectories(again.searched) == trajectories(undisturbed.searched)
    assert again.discovery is not None
    assert undisturbed.discovery is not None
    assert again.discovery["held_out"] == undisturbed.discovery["held_out"] is not None
    assert again.discovery["epochs"] == 3


def test_a_short_limit_leaves_every_search_a_batch(ray_session: None, tmp_path: Path) -> None:
    short = run(
        suite(), formula="flops", budget=20, seeds=1, workers=1, time_limit=0.01, out=tmp_path / "run"
    )
    assert short.searched is not None
    assert not short.searched.failures
    assert len(short.searched.outcomes) == 2
    assert all(outcome.trajectory for outcome in short.searched.outcomes)


def test_a_suite_is_read_once(ray_session: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def counted(path: Path) -> Suite:
        read.append(path)
        return read_suite(path)

    write_suite(suite(), tmp_path / "small.parquet")
    monkeypatch.setattr("rayzc.problems.loading.read_suite", counted)
    run(tmp_path / "small.parquet", **GIVEN, out=tmp_path / "run")
    assert read == [tmp_path / "small.parquet"]


def test_files_that_cannot_be_written_are_told(ray_session: None, tmp_path: Path) -> None:
    def in_the_way(progress: object) -> None:
        (tmp_path / "run" / "discovery" / "hall_of_fame.json").mkdir(exist_ok=True)

    whole = run(suite(), **GIVEN, out=tmp_path / "run", listen=in_the_way)
    assert whole.searched is not None
    assert len(whole.searched.outcomes) == 4
    assert whole.trouble is not None
    assert whole.trouble.startswith(
        f"{tmp_path / 'run' / 'discovery' / 'hall_of_fame.json'} cannot be written: "
    )


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({}, Limits(time_limit=120.0)),
        ({"quick": True}, Limits(time_limit=23.75)),
        ({"time_limit": 60.0}, Limits(time_limit=24.0)),
        ({"time_limit": 60.0, "cross_validate": 0}, Limits(time_limit=24.0)),
        ({"time_limit": 3600.0}, Limits(time_limit=180.0)),
        ({"epochs": 7}, Limits(epochs=7)),
        ({"epochs": 7, "time_limit": 60.0}, Limits(epochs=7, time_limit=24.0)),
        ({"discovery_time_limit": 50.0, "time_limit": 60.0}, Limits(time_limit=50.0)),
    ],
)
def test_the_discovery_has_its_share_of_the_time(
    given: dict[str, Any], limits: Limits, no_ray: None, tmp_path: Path
) -> None:
    with pytest.raises(NoRayError):
        run(suite(), out=tmp_path / "run", **given)
    folder = RunFolder(tmp_path / "run")
    assert PipelineConfig.from_json(folder.read_config(), folder.config).limits == limits


class NoRayError(ClusterError):
    """Instead of a cluster."""


@pytest.fixture
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise NoRayError("no Ray here")

    monkeypatch.setattr("rayzc.cluster.stages.connected", refuse)
    monkeypatch.setattr("rayzc.cluster.islands.discovery.connected", refuse)


@pytest.mark.parametrize("function", [run, rayzc.discover])
def test_a_folder_that_a_refusal_left_is_taken_over(
    function: Callable[..., object], no_ray: None, tmp_path: Path
) -> None:
    for _ in range(2):
        with pytest.raises(NoRayError):
            function(suite(), out=tmp_path / "run", epochs=3)
    assert (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize(
    ("name", "resume"),
    [
        ("discovery", rayzc.resume),
        ("search", rayzc.resume_search),
        ("run-interrupted", rayzc.resume_run),
    ],
)
def test_two_at_once_are_not_let_in(name: str, resume: Callable[[Path], object], tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(RECORDED / name, tmp_path / name)))
    with folder.locked():
        message = rf": process {os.getpid()} on .* is working on this run: wait until it has ended, or stop it first$"
        with pytest.raises(RunError, match=message):
            resume(folder.path)


def test_resume_takes_a_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(shutil.copytree(RECORDED / "run-interrupted", tmp_path / "run"))
    limits: list[float | None] = []
    monkeypatch.setattr(Stages, "go", lambda stages: limits.append(stages.config.time_limit))
    resume_run(path)
    resume_run(path, time_limit=90)
    assert limits == [None, 90.0]


@pytest.mark.parametrize(
    ("limit", "spent", "left"), [(100.0, 30.0, 70.0), (10.0, 30.0, 1.0), (None, 30.0, None)]
)
def test_the_searches_have_the_rest_of_the_time(
    limit: float | None, spent: float, left: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float | None] = []

    def searched(*values: object, options: SearchOptions, **given: object) -> Results:
        found.append(options.time_limit)
        return Results(())

    monkeypatch.setattr("rayzc.cluster.stages.search", searched)
    config = PipelineConfig(rayzc="1", suite="s", time_limit=limit, formula="flops", no_train=True)
    stages = Stages(RunFolder(tmp_path), config, Cluster(), None, lambda discovery: None)
    stages._formula, stages._seconds = "flops", spent
    stages._search()
    assert found == [left]


def test_a_formula_that_is_given_is_not_bred(ray_session: None, tmp_path: Path) -> None:
    whole = run(suite(), formula="flops + 0.1 * noise", **GIVEN, out=tmp_path / "run")
    assert whole.formula == "flops + 0.1 * noise"
    assert whole.discovery is None
    assert not (tmp_path / "run" / "discovery").exists()
    run(suite(), formula="flops", **GIVEN, out=tmp_path / "run", force=True)
    assert "flops + 0.1" not in (tmp_path / "run" / "search" / "result.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0}, "budget is 0; it must be 1 or more"),
        ({"seeds": 0}, "seeds is 0; it must be 1 or more"),
        ({"algorithm": "genetics"}, "unknown algorithm 'genetics'; did you mean 'genetic'?"),
        ({"time_limit": 0.0}, "time_limit is 0; it must be greater than 0"),
    ],
)
def test_mistakes_are_told_before_anything_is_bred(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(RayzcError, match=f"^{re.escape(message)}$"):
        run(suite(), **{**GIVEN, **arguments}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
