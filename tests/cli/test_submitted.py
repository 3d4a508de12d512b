"""What a job runs when it is started, and when it is started again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rayzc.cli.submitted import arguments_for, run_submitted
from rayzc.errors import RunError
from rayzc.options.submitting import JOBS


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


@pytest.mark.parametrize(
    ("command", "words"), [("fill", ["suite", "fill"]), ("build-suite", ["suite", "build"])]
)
def test_a_suite_is_written_once(
    command: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.parquet"
    arguments = ["source", "--out", str(out)]
    assert arguments_for(command, arguments) == ["rayzc", *words, *arguments]
    out.write_text("rows")
    with pytest.raises(SystemExit) as left:
        arguments_for(command, arguments)
    assert left.value.code == 0
    assert capsys.readouterr().out == f"{out} is complete already; --force begins anew\n"
    assert arguments_for(command, [*arguments, "--force"]) == ["rayzc", *words, *arguments, "--force"]


@pytest.mark.parametrize("command", JOBS)
def test_each_job_has_a_script(command: str) -> None:
    script = Path(__file__).parents[2] / "jobs" / f"{command.replace('-', '_')}.py"
    assert f'run_as_job("{command}")' in script.read_text()


class TestSubmitted:
    """The folder of a job that `rayzc submit` submitted."""

    @pytest.fixture(autouse=True)
    def upload(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "upload"
        (folder / "suites").mkdir(parents=True)
        (folder / "suites" / "mine.parquet").write_text("rows")
        (folder / "rayzc-inputs.json").write_text('["suites/mine.parquet"]')
        monkeypatch.chdir(folder)
        return folder

    @pytest.fixture
    def lines(self, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        """The command lines that were run."""
        found: list[list[str]] = []
        monkeypatch.setattr("rayzc.cli.submitted.main", lambda: found.append(sys.argv))
        monkeypatch.setattr("sys.argv", ["submitted"])
        return found

    def test_inputs_are_kept_in_the_folder_of_the_job(self, tmp_path: Path, lines: list[list[str]]) -> None:
        place = tmp_path / "jobs" / "first"
        run_submitted("discover", str(place), "abc", ["--suite", "suites/mine.parquet"])
        assert Path.cwd() == place / "inputs"
        assert Path("suites/mine.parquet").read_text() == "rows"
        assert lines == [["rayzc", "discover", "--out", str(place / "run"), "--suite", "suites/mine.parquet"]]

    def test_the_second_attempt_resumes(self, tmp_path: Path, upload: Path, lines: list[list[str]]) -> None:
        for _ in range(2):
            os.chdir(upload)
            run_submitted("discover", str(tmp_path / "job"), "abc", ["--workers", "3"])
            (tmp_path / "job" / "run").mkdir(exist_ok=True)
            (tmp_path / "job" / "run" / "config.json").write_text("{}")
        assert lines[1] == ["rayzc", "resume", str(tmp_path / "job" / "run"), "--workers", "3"]

    def test_a_suite_is_written_into_the_folder(self, tmp_path: Path, lines: list[list[str]]) -> None:
        run_submitted("fill", str(tmp_path / "job"), "abc", ["suites/mine.parquet"])
        out = tmp_path / "job" / "run" / "job.parquet"
        assert lines == [["rayzc", "suite", "fill", "--out", str(out), "suites/mine.parquet"]]
        assert out.parent.is_dir()

    def test_the_home_folder(
        self, tmp_path: Path, lines: list[list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        run_submitted("discover", "~/runs/first", "abc", [])
        assert lines[0][3] == str(tmp_path / "home" / "runs" / "first" / "run")

    def test_a_folder_belongs_to_one_command(
        self, tmp_path: Path, upload: Path, lines: list[list[str]]
    ) -> None:
        run_submitted("discover", str(tmp_path / "job"), "abc", [])
        os.chdir(upload)
        with pytest.raises(RunError, match="has the run of another command, or of other arguments"):
            run_submitted("discover", str(tmp_path / "job"), "def", [])
        (tmp_path / "job" / "job.json").write_text("[]")
        with pytest.raises(RunError, match="another command"):
            run_submitted("discover", str(tmp_path / "job"), "def", [])
        run_submitted("discover", str(tmp_path / "job"), "def", ["--force"])
        assert len(lines) == 2

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path, lines: list[list[str]]) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(
            RunError, match="file/job cannot be written: Not a directory; name another --remote-folder"
        ):
            run_submitted("discover", str(tmp_path / "file" / "job"), "abc", [])
        assert lines == []

    def test_the_reason_is_the_last_line(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        command = [
            sys.executable,
            "-m",
            "rayzc.cli.submitted",
            "discover",
            str(tmp_path / "file" / "job"),
            "abc",
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 2
        assert ran.stderr.splitlines()[-1].startswith(f"rayzc: {tmp_path}/file/job cannot be written")
