"""The folder of a run: never overwritten by accident, and only ever its own files."""

import json
import re
import time
from pathlib import Path

import pytest

from rayzc.documents import json_text
from rayzc.errors import RunError
from rayzc.runs import OWN_SUITE, TRAININGS, RunFolder, lasting_place, unused_folder
from tests.runs.folders import a_run, held_elsewhere, refused


def content(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


class TestCreate:
    @pytest.mark.parametrize("force", [False, True])
    def test_a_new_folder_below_new_folders(self, tmp_path: Path, force: bool) -> None:
        folder = RunFolder.create(tmp_path / "runs" / "deep" / "one", force)
        assert folder.path == tmp_path / "runs" / "deep" / "one"
        assert folder.checkpoints.is_dir()

    def test_an_empty_folder_is_taken(self, tmp_path: Path) -> None:
        assert RunFolder.create(tmp_path).checkpoints.is_dir()

    def test_a_run_is_not_overwritten(self, tmp_path: Path) -> None:
        a_run(tmp_path / "run")
        before = content(tmp_path)
        path = tmp_path / "run"
        with refused(
            f"{path} exists and is not empty: choose another --out, add --force to overwrite it, or continue it "
            f"with `rayzc resume {path}`"
        ):
            RunFolder.create(path)
        assert content(tmp_path) == before

    def test_force_removes_the_run_and_nothing_else(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path / "run")
        theirs = {
            "notes.txt": b"mine",
            "plots/front.png": b"mine, too",
            "checkpoints/thoughts.md": b"and this",
            "checkpoints/kept/epoch-00000001.json": b"{}",
        }
        for name, text in theirs.items():
            (folder.path / name).parent.mkdir(exist_ok=True)
            (folder.path / name).write_bytes(text)
        assert RunFolder.create(folder.path, force=True) == folder
        assert content(folder.path) == theirs | {".lock": b""}

    def test_force_removes_all_stages(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path / "run")
        for stage in (
            "discovery",
            "search",
            "left_out/nasbench201",
            "left_out/nasbench301",
            "members/001-all",
        ):
            a_run(folder.path / stage)
        (folder.path / "training" / "scores").mkdir(parents=True)
        (folder.path / "training" / TRAININGS).write_text("{}")
        (folder.path / "members" / "mine").mkdir()
        (folder.path / "members" / "mine" / "notes.txt").write_text("mine")
        RunFolder.create(folder.path, force=True)
        assert content(folder.path) == {".lock": b"", "members/mine/notes.txt": b"mine"}
        assert not (folder.path / "left_out").exists()

    def test_force_stopped_halfway_can_be_repeated(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = a_run(tmp_path / "run")
        unlink, calls = Path.unlink, []

        def interrupted(path: Path, missing_ok: bool = False) -> None:
            calls.append(path)
            if len(calls) == 4:
                raise KeyboardInterrupt
            unlink(path, missing_ok)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", interrupted)
            with pytest.raises(KeyboardInterrupt):
                RunFolder.create(folder.path, force=True)
        RunFolder.create(folder.path, force=True)
        assert content(folder.path) == {".lock": b""}

    @pytest.mark.parametrize("force", [False, True])
    def test_a_folder_that_is_no_run_is_left_alone(self, tmp_path: Path, force: bool) -> None:
        (tmp_path / "thesis.tex").write_text("years of work")
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "checkpoints" / "epoch-00000001.json").write_text("of something else")
        before = content(tmp_path)
        message = (
            f"{tmp_path} is not the folder of a run, so --force does not overwrite it"
            if force
            else f"{tmp_path} exists and is not empty: choose another --out, add --force to overwrite it, or "
            f"continue it with `rayzc resume {tmp_path}`"
        )
        with refused(message):
            RunFolder.create(tmp_path, force)
        assert content(tmp_path) == before

    @pytest.mark.parametrize("force", [False, True])
    def test_a_file_is_no_folder(self, tmp_path: Path, force: bool) -> None:
        path = tmp_path / "run"
        path.write_text("a file")
        with pytest.raises(
            RunError, match="is not the folder of a run" if force else "exists and is not empty"
        ):
            RunFolder.create(path, force)
        assert path.read_text() == "a file"

    def test_a_place_where_nothing_can_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "run"
        with refused(f"{path} cannot be written: Not a directory"):
            RunFolder.create(path)


class TestTakingOver:
    """A refusal or an early Ctrl-C leaves a folder that holds nothing yet; the same command may have it."""

    def left(self, path: Path) -> RunFolder:
        folder = RunFolder.create(path)
        with folder.locked():
            folder.write_config({"seed": 1})
            folder.record("started")
        return folder

    def test_of_a_run_without_a_checkpoint(self, tmp_path: Path) -> None:
        folder = self.left(tmp_path / "run")
        (folder.path / OWN_SUITE).write_text("a suite")
        assert RunFolder.create(folder.path) == folder
        assert not folder.config.exists()
        assert not folder.events.exists()

    def test_of_stages_without_a_checkpoint(self, tmp_path: Path) -> None:
        folder = self.left(tmp_path / "run")
        self.left(folder.path / "discovery")
        self.left(folder.path / "search")
        self.left(folder.path / "members" / "001-all")
        RunFolder.create(folder.path)
        for stage in ("discovery", "search", "members"):
            assert not (folder.path / stage).exists()

    @pytest.mark.parametrize(
        "kept",
        [
            "checkpoints/epoch-00000001.json",
            "checkpoints/attempt-1/search.json",
            "hall_of_fame.json",
            "result.json",
            "discovery/checkpoints/epoch-00000001.json",
            "search/result.json",
            "cache/part.jsonl",
            "notes.txt",
        ],
    )
    def test_not_of_what_holds_something(self, tmp_path: Path, kept: str) -> None:
        folder = self.left(tmp_path / "run")
        for stage in ("discovery", "search"):
            if kept.startswith(stage):
                self.left(folder.path / stage)
        (folder.path / kept).parent.mkdir(parents=True, exist_ok=True)
        (folder.path / kept).write_text("{}")
        before = content(folder.path)
        with pytest.raises(RunError, match="exists and is not empty"):
            RunFolder.create(folder.path)
        assert content(folder.path) == before

    @pytest.mark.parametrize("started", [True, False])
    def test_not_of_a_run_that_keeps_its_checkpoints_elsewhere(self, tmp_path: Path, started: bool) -> None:
        folder = RunFolder.create(tmp_path / "run")
        folder.write_config({"kind": "search", "storage": "s3://bucket/checkpoints"})
        if not started:
            assert RunFolder.create(folder.path) == folder
            return
        folder.record("started")
        with pytest.raises(RunError, match="exists and is not empty"):
            RunFolder.create(folder.path)

    def test_not_while_another_process_begins_it(self, tmp_path: Path) -> None:
        folder = self.left(tmp_path / "run")
        with held_elsewhere(folder.path) as owner:
            with pytest.raises(RunError, match=rf": process {owner} on .* is working on this run"):
                RunFolder.create(folder.path)
            with pytest.raises(RunError, match=rf": process {owner} on .* is working on this run"):
                RunFolder.create(folder.path, force=True)
        assert folder.config.exists()


class TestOpen:
    def test_a_run(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path / "run")
        assert RunFolder.open(folder.path) == folder

    @pytest.mark.parametrize("make", [False, True])
    def test_no_such_run(self, tmp_path: Path, make: bool) -> None:
        path = tmp_path / "run"
        if make:
            path.write_text("")
        with refused(f"{path}: no such run; a run's folder holds config.json and checkpoints/"):
            RunFolder.open(path)

    def test_a_folder_that_is_no_run(self, tmp_path: Path) -> None:
        with refused(f"{tmp_path} is not the folder of a run: it has no config.json"):
            RunFolder.open(tmp_path)


class TestFiles:
    def test_they_are_where_the_documentation_says(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "checkpoints",
            "config.json",
            "events.jsonl",
            "hall_of_fame.json",
            "result.json",
        ]
        assert folder.read_config() == {"seed": 1}

    @pytest.mark.parametrize("text", ["", "{", '{"a": 1', "\x00"])
    def test_a_configuration_that_is_no_json(self, tmp_path: Path, text: str) -> None:
        folder = a_run(tmp_path)
        folder.config.write_text(text)
        with pytest.raises(RunError, match=f"^{re.escape(str(folder.config))} cannot be read: "):
            folder.read_config()

    def test_a_configuration_that_is_no_text(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path)
        folder.config.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(RunError, match=r"config\.json cannot be read: 'utf-8' codec"):
            folder.read_config()

    def test_a_configuration_that_is_no_object(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path)
        folder.config.write_text("[1]")
        with refused(f"{folder.config} is not a run's configuration"):
            folder.read_config()

    def test_events_are_lines_of_json_in_order(self, tmp_path: Path) -> None:
        folder = RunFolder.create(tmp_path)
        begin = time.time()
        folder.record("started", rayzc="0.1.0")
        folder.record("checkpoint", epoch=3, why="a\nb é")
        lines = folder.events.read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines]
        assert [event["event"] for event in events] == ["started", "checkpoint"]
        assert events[1]["why"] == "a\nb é"
        assert begin - 0.01 <= events[0]["time"] <= events[1]["time"] <= time.time() + 0.01


def test_json_text_is_the_same_for_the_same_and_never_invalid() -> None:
    assert json_text({"b": [0.1, "é"], "a": None}) == '{\n "b": [\n  0.1,\n  "é"\n ],\n "a": null\n}\n'
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        json_text({"a": float("nan")})


class TestPlaces:
    def test_a_folder_that_is_not_there_yet(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(time, "strftime", lambda form: "20261124-120000")
        taken = []
        for _ in range(3):
            taken.append(unused_folder("search"))
            taken[-1].mkdir(parents=True)
        assert [str(path) for path in taken] == [
            f"runs/search-20261124-120000{suffix}" for suffix in ("", "-2", "-3")
        ]

    def test_a_path_lasts_and_a_name_stays(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("suite.parquet").touch()
        assert lasting_place("suite.parquet") == str(tmp_path / "suite.parquet")
        assert lasting_place("nbsz-13") == "nbsz-13"
