"""Runs on other file systems: the same files and bytes as on this machine, whatever happens to the server."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import fs

from rayzc.errors import RunError
from rayzc.evolution import Island
from rayzc.problems import Suite
from rayzc.runs import (
    OWN_SUITE,
    AnyPath,
    HallOfFame,
    RunFolder,
    best_formula,
    events,
    file_system,
    local_path,
    place_of,
    read_newest,
    without_secrets,
    write_checkpoint,
)
from rayzc.runs.stores import Store, StorePath
from tests.runs.folders import refused
from tests.runs.test_checkpoints import archipelago
from tests.s3 import Server, served


@pytest.fixture(scope="module")
def islands() -> list[Island]:
    """Four islands after an epoch."""
    return archipelago(1)


def elsewhere(path: Path) -> StorePath:
    """A folder of this machine by way of pyarrow: a file system on which files must be moved to be whole."""
    return StorePath(f"there://{path}", "", str(path), Store(fs.LocalFileSystem()))


def filled(place: str | AnyPath, islands: list[Island], suite: Suite) -> RunFolder:
    """A run with all that a discovery keeps."""
    folder = RunFolder.create(place)
    with folder.locked(pytest.fail):
        assert folder.keep_suite(suite) == OWN_SUITE
        folder.write_config({"suite": OWN_SUITE, "seed": 3})
        folder.record("started")
        for epoch in range(1, 6):
            write_checkpoint(
                folder.checkpoints, [replace(island, epoch=epoch) for island in islands], "0", 1.5
            )
            folder.record("checkpoint", epoch=epoch)
        folder.write(folder.hall_of_fame, HallOfFame.of(islands).to_json({}, suite.names))
    return folder


def names(folder: AnyPath) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestSameAsHere:
    @pytest.mark.parametrize("kind", ["s3", "moved"])
    def test_files_and_bytes(
        self, s3: Server, islands: list[Island], small_suite: Suite, tmp_path: Path, kind: str
    ) -> None:
        here = filled(tmp_path / "here", islands, small_suite)
        there = filled(
            s3.uri("same/run") if kind == "s3" else elsewhere(tmp_path / "there"), islands, small_suite
        )
        for name in ("config.json", "hall_of_fame.json", OWN_SUITE):
            assert (there.path / name).read_bytes() == (here.path / name).read_bytes()
        assert (
            names(there.checkpoints)
            == names(here.checkpoints)
            == [f"epoch-0000000{n}.json" for n in (3, 4, 5)]
        )
        for name in names(here.checkpoints):
            assert (there.checkpoints / name).read_bytes() == (here.checkpoints / name).read_bytes()
        assert [event["event"] for event in there.recorded()] == [event["event"] for event in here.recorded()]
        assert {*names(here.path)} - {*names(there.path)} == {".lock"}
        assert {*names(there.path)} <= {*names(here.path)}

        again = RunFolder.open(str(there.path) if kind == "s3" else there.path)
        assert again.load_suite(OWN_SUITE).content_hash == small_suite.content_hash
        assert again.child("members/x").suite("gone/suite.parquet") == there.path / OWN_SUITE
        document = read_newest(again.checkpoints, pytest.fail)
        assert document is not None
        assert document["epoch"] == 5
        assert best_formula(again.hall_of_fame) == best_formula(here.hall_of_fame)

    def test_a_run_is_not_overwritten_and_force_removes_it_and_nothing_else(
        self, s3: Server, islands: list[Island], small_suite: Suite
    ) -> None:
        place = s3.uri("force/run")
        folder = filled(place, islands, small_suite)
        (folder.path / "notes.txt").write_bytes(b"mine")
        with refused(
            f"{place} exists and is not empty: choose another --out, add --force to overwrite it, or continue it with "
            f"`rayzc resume '{place}'`"
        ):
            RunFolder.create(place)
        assert names(RunFolder.create(place, force=True).path) == ["checkpoints", "notes.txt", OWN_SUITE]
        assert names(folder.checkpoints) == []

    def test_events_of_an_earlier_process_stay(self, s3: Server) -> None:
        for _ in range(3):
            folder = RunFolder(place_of(s3.uri("events/run")))
            for number in range(4):
                folder.record("counted", number=number)
            folder._log.flush()
        assert [event["number"] for event in RunFolder(folder.path).recorded()] == [0, 1, 2, 3] * 3

    def test_a_file_uri_is_a_path_of_this_machine(self, tmp_path: Path) -> None:
        assert RunFolder.create(f"file://{tmp_path}/a%20run").path == tmp_path / "a run"

    def test_a_path_drops_a_slash(self) -> None:
        with refused(
            "s3:/bucket/run: a slash is missing; write s3://bucket/folder, and in Python give it as text, not as a "
            "Path, which drops one"
        ):
            place_of(Path("s3://bucket/run"))

    def test_what_can_only_be_here(self) -> None:
        for place in ("s3://me:mine@bucket/run", Path("s3://bucket/run")):
            with pytest.raises(RunError, match=r"^s3:/+bucket/run: give a path$"):
                local_path(place, "give a path")

    def test_folders_of_no_run_and_file_systems_that_are_none(self, s3: Server) -> None:
        place = s3.uri("nothing")
        with refused(f"{place}: no such run; a run's folder holds config.json and checkpoints/"):
            RunFolder.open(place)
        with pytest.raises(RunError, match=r"^ftp://host/run cannot be used: Unrecognized filesystem type"):
            RunFolder.open("ftp://host/run")
        with refused("s3:// names no folder: write s3://bucket/folder"):
            RunFolder.open("s3://")
        missing = place.replace("//runs/", "//not-there/")
        with pytest.raises(RunError, match=r"cannot be written: Bucket 'not-there' not found"):
            RunFolder.create(missing)


class TestSecrets:
    @pytest.mark.parametrize(
        ("uri", "shown"),
        [
            ("s3://key:pass%2Fword@bucket/a?region=r", "s3://bucket/a?region=r"),
            ("s3://bucket/a?session_token=x&region=r", "s3://bucket/a?region=r"),
            ("gs://anonymous@bucket/a", "gs://anonymous@bucket/a"),
            ("abfs://container@account.net/a?client_secret=x", "abfs://container@account.net/a"),
            ("abfs://container:key@account.net/a", "abfs://container@account.net/a"),
        ],
    )
    def test_are_not_shown(self, uri: str, shown: str) -> None:
        assert without_secrets(uri) == shown

    def test_are_used_and_kept_nowhere(
        self, s3: Server, islands: list[Island], small_suite: Suite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = filled(s3.uri("secret/run", user="testing:hush@"), islands, small_suite)
        assert "hush" not in repr(folder) + str(folder.path) + str(folder.child("x").events)
        for path in (*folder.path.iterdir(), *folder.checkpoints.iterdir()):
            assert path.is_dir() or b"hush" not in path.read_bytes()
        with pytest.raises(RunError, match="cannot be used") as raised:
            RunFolder.open("s3://testing:hush@runs/a b")
        assert "hush" not in str(raised.value)
        with pytest.raises(OSError, match="nonsense") as failed:
            file_system("s3://testing:hush@runs/a?nonsense=1")
        assert "hush" not in str(failed.value)


class TestServerThatIsGone:
    @pytest.mark.slow
    def test_nothing_waits_for_ever(
        self, islands: list[Island], small_suite: Suite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(events, "_RETRY_SECONDS", 0.0)
        with served() as server:
            folder = filled(server.uri("run"), islands, small_suite)
            server.pause()
            begun = time.monotonic()
            with pytest.raises(OSError, match=r"Timeout was reached|no answer within"):
                write_checkpoint(folder.checkpoints, islands, "0", 2.0)
            assert time.monotonic() - begun < 40.0
            server.go_on()
            server.kill()
            folder.record("said in vain")
            trouble = folder.write_or_say(folder.result, {})
            assert trouble is not None
            assert trouble.startswith(f"{folder.result} cannot be written: ")
            assert "\n" not in trouble
            with pytest.raises(RunError, match="cannot be read"):
                read_newest(folder.checkpoints, pytest.fail)
            with pytest.raises(RunError, match="cannot be read"):
                RunFolder.open(folder.path)

    def test_events_are_written_once_it_is_back(self, s3: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = RunFolder(place_of(s3.uri("back/run")))
        folder.record("started")
        put = StorePath.put

        def broken(path: StorePath, content: bytes) -> None:
            raise OSError("no such host")

        monkeypatch.setattr(StorePath, "put", broken)
        monkeypatch.setattr(events, "_WRITE_SECONDS", 0.0)
        folder.record("meanwhile")
        folder._log.flush()
        monkeypatch.setattr(StorePath, "put", put)
        assert len(RunFolder(folder.path).recorded()) == 1
        folder._log.flush()
        assert [event["event"] for event in RunFolder(folder.path).recorded()] == ["started", "meanwhile"]

    def test_an_operation_without_an_answer_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rayzc.runs.stores._ANSWER_SECONDS", 0.05)
        reading, writing = os.pipe()
        with pytest.raises(OSError, match=r"no answer within 0.05 s"):
            Store(None).call(lambda system: os.read(reading, 1))
        os.write(writing, b"x")
        os.close(writing)


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = elsewhere(tmp_path) / "file"
    path.write_bytes(b"before")

    class FullSystem:
        type_name = "local"

        def open_output_stream(self, name: str) -> object:
            Path(name).write_bytes(b"aft")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        replace(path, store=Store(FullSystem())).write_bytes(b"after")
    assert path.read_bytes() == b"before"
