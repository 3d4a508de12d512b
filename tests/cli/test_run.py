"""``rayzc run``: both stages, one folder, one document; and going on with it."""

import json
import os
import signal
from pathlib import Path

import pytest

from rayzc.errors import RunError
from rayzc.problems import write_suite
from tests.cli.conftest import Command
from tests.cluster.searches.samples import suite

FEW = ("--budget", 15, "--seeds", 1, "--workers", 1)


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    path = tmp_path / "small.parquet"
    write_suite(suite(), path)
    return path


def test_both_stages(command: Command, parquet: Path, tmp_path: Path, ray_session: None) -> None:
    out = tmp_path / "run"
    ended = command("run", "--suite", parquet, "--time-limit", "30s", *FEW, "--out", out, "--json", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert document == json.loads((out / "result.json").read_text())
    assert document["run"] == str(out)
    assert document["discovery"]["best"]["mean_kendall"] > 0.7
    assert document["formula"] == document["discovery"]["best"]["expression"]
    assert len(document["search"]["results"]["outcomes"]) == 2
    assert (out / "search" / "report.txt").exists()
    again = command("resume", out)
    assert again.code == 0
    assert "nasbench201/cifar10" in again.out
    assert f"run        {out}" in again.out
    assert "bred       " in again.out


def test_a_formula_that_is_given_and_a_network_that_is_taken_along(
    command: Command, parquet: Path, tmp_path: Path, ray_session: None
) -> None:
    ended = command(
        "run",
        *("--suite", parquet, "--formula", "flops", "--problems", "nasbench201", *FEW),
        *("--out", tmp_path / "run", "--export", tmp_path / "best"),
    )
    assert ended.code == 0
    assert not (tmp_path / "run" / "discovery").exists()
    assert (tmp_path / "best" / "nasbench201-cifar10" / "network.py").exists()
    assert "exported" in ended.out


def test_interrupted(
    command: Command, parquet: Path, tmp_path: Path, ray_session: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rayzc.cli.displays.pipeline import PipelineDisplay

    monkeypatch.setattr(PipelineDisplay, "show", lambda self, progress: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr(PipelineDisplay, "show", _once(PipelineDisplay.show))
    out = tmp_path / "run"
    ended = command("run", "--suite", parquet, "--formula", "flops", *FEW, "--out", out, "--quiet")
    assert ended.code == 128 + signal.SIGTERM
    assert ended.err.splitlines()[-1] == f"interrupted by SIGTERM; to continue: rayzc resume {out}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--budget", 0), "--budget is 0; it must be 1 or more"),
        (("--start", "1 + 2"), "the starting formula 1 + 2 has no proxy in it"),
        (("--start", "log(zen)"), "the starting formula log(zen) needs proxy 'zen'; known: "),
        (("--formula", "flops +"), "cannot parse formula at position 8: expected a proxy, a number or '('"),
        (
            ("--problems", "nasbench20"),
            "no problem of suite small matches 'nasbench20'; did you mean 'nasbench201'?",
        ),
    ],
)
def test_mistakes(
    command: Command, parquet: Path, tmp_path: Path, arguments: tuple[object, ...], message: str
) -> None:
    ended = command("run", "--suite", parquet, *arguments, "--out", tmp_path / "run")
    assert ended.code == 2
    assert ended.err.startswith(f"rayzc: {message}")
    assert not (tmp_path / "run").exists()


def test_resume_hands_the_time_limit_on(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"kind": "run"}')

    def resumed(path: str, *, time_limit: float | None, **others: object) -> None:
        raise RunError(f"{Path(path).name} {time_limit}")

    monkeypatch.setattr("rayzc.cluster.pipeline.resume_run", resumed)
    assert command("resume", tmp_path / "run", "--time-limit", "1m30s").err == "rayzc: run 90.0\n"


def test_options_of_other_kinds_are_refused_on_resume(
    command: Command, parquet: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"kind": "run"}')
    ended = command("resume", tmp_path / "run", "--epochs", 5)
    assert (ended.code, ended.err) == (
        2,
        "rayzc: --epochs does not apply to a run of `rayzc run`: leave it out\n",
    )


def _once(show: object) -> object:
    """Calls it the first time only: a second signal would leave at once."""
    called: list[object] = []

    def shown(self: object, progress: object) -> None:
        if not called:
            called.append(progress)
            show(self, progress)  # type: ignore[operator]

    return shown
