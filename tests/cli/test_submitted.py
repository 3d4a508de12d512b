"""What a job runs when it is started, and when it is started again."""

from pathlib import Path

import pytest

from rayzc.cli.submitted import arguments_for


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run that an earlier start left."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    return tmp_path / "run"


def test_the_first_start_takes_the_arguments_as_they_are(tmp_path: Path) -> None:
    arguments = ["--formula", "-jacov", "--out", str(tmp_path / "run"), "--workers", "4", "--json"]
    assert arguments_for("search", arguments) == ["rayzc", "search", *arguments]
    assert arguments_for("discover", ["--suite", "mine"]) == ["rayzc", "discover", "--suite", "mine"]


@pytest.mark.parametrize("command", ["discover", "search", "run", "train"])
def test_the_second_start_goes_on_with_the_run(run: Path, command: str) -> None:
    assert arguments_for(command, ["--suite", "mine", "--out", str(run)]) == ["rayzc", "resume", str(run)]


def test_what_the_run_s_folder_does_not_know_is_handed_on(run: Path) -> None:
    given = [
        "--out",
        str(run),
        "--workers=2",
        "--address",
        "auto",
        "--export",
        "nets",
        "-q",
        "--json",
        "--details",
    ]
    assert arguments_for("search", ["--formula", "nwot", "--seed", "3", *given]) == [
        *("rayzc", "resume", str(run), "--workers", "2", "--address", "auto", "--export", "nets"),
        *("--details", "--quiet", "--json"),
    ]


def test_force_begins_anew(run: Path) -> None:
    arguments = ["--out", str(run), "--force"]
    assert arguments_for("search", arguments) == ["rayzc", "search", *arguments]
