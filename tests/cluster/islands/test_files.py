"""What a discovery keeps: how fresh its checkpoints are, and what happens where nothing can be written."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from rayzc.cluster import Progress, discover, resume
from rayzc.cluster.islands import breeding, files
from rayzc.documents import write_atomically
from rayzc.options import Limits, Settings
from rayzc.problems import Suite
from rayzc.runs import files as runs_files

SETTINGS = Settings(seed=3, islands=4, population=24, offspring=40, generations=1, migration_interval=2)


def events(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def full_disk(*arguments: object, **named: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_after_the_config(path: Path, content: str) -> None:
    if path.name != "config.json":
        full_disk()
    write_atomically(path, content)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint of every epoch."""
    monkeypatch.setattr(breeding, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(breeding, "_CHECKPOINT_SHARE", float("inf"))


@pytest.mark.usefixtures("often", "ray_session")
class TestFreshness:
    def test_a_checkpoint_as_soon_as_all_islands_have_an_epoch_and_only_then(
        self, small_suite: Suite, tmp_path: Path
    ) -> None:
        seen: list[int] = []
        discover(
            small_suite,
            settings=SETTINGS,
            limits=Limits(epochs=10),
            workers=2,
            out=tmp_path / "run",
            listen=lambda progress: seen.append(progress.epoch),
        )
        kept = [event["epoch"] for event in events(tmp_path / "run") if event["event"] == "checkpoint"]
        assert kept == sorted(set(kept))
        assert set(seen) - {-1} <= set(kept)  # what was shown is what was kept last
        assert kept[-1] == 10


@pytest.mark.usefixtures("often", "ray_session")
class TestFullDisk:
    def test_the_run_goes_on_warns_once_and_returns_its_result(
        self, small_suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = tmp_path / "run"
        expected = discover(
            small_suite, settings=SETTINGS, limits=Limits(epochs=6), workers=2, out=tmp_path / "fine"
        )
        monkeypatch.setattr(files, "write_checkpoint", full_disk)
        monkeypatch.setattr(runs_files, "write_atomically", full_after_the_config)
        with pytest.warns(RuntimeWarning) as warnings:
            result = discover(small_suite, settings=SETTINGS, limits=Limits(epochs=6), workers=2, out=run)
        assert result.hall_of_fame == expected.hall_of_fame
        assert result.best == expected.best
        assert [str(warning.message) for warning in warnings] == [
            f"{run} cannot be written (No space left on device): the run goes on, and tries again at every checkpoint"
        ]
        assert result.trouble == f"{run / 'result.json'} cannot be written: No space left on device"
        assert {event["event"] for event in events(run)} == {"started", "checkpoint not written", "stopped"}

    def test_a_folder_that_is_gone(self, small_suite: Suite, tmp_path: Path) -> None:
        run = tmp_path / "run"

        def remove(progress: Progress) -> None:
            if progress.epoch >= 2:
                shutil.rmtree(run, ignore_errors=True)

        with pytest.warns(
            RuntimeWarning, match=r"run cannot be written \(No such file or directory\): the run goes on"
        ):
            result = discover(
                small_suite, settings=SETTINGS, limits=Limits(epochs=8), workers=2, out=run, listen=remove
            )
        assert result.epochs == 8
        assert not run.exists()

    def test_checkpoints_come_back_with_room_on_the_disk(
        self, small_suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = tmp_path / "run"
        discover(small_suite, settings=SETTINGS, limits=Limits(epochs=2), workers=2, out=run)
        written, warned = files.write_checkpoint, []
        attempts: list[int] = []

        def sometimes(*arguments: Any) -> object:
            attempts.append(len(attempts))
            return written(*arguments) if len(attempts) > 2 else full_disk()

        monkeypatch.setattr(files, "write_checkpoint", sometimes)
        result = resume(run, limits=Limits(epochs=12), workers=2, warn=warned.append)
        assert len(warned) == 1
        assert len(attempts) > 2
        assert (run / "checkpoints" / "epoch-00000012.json").exists()
        assert json.loads((run / "result.json").read_text())["epochs"] == result.epochs == 12


def test_the_number_of_evaluations_that_was_asked_for_is_kept(
    small_suite: Suite, ray_session: None, tmp_path: Path
) -> None:
    result = discover(
        small_suite, settings=SETTINGS, limits=Limits(evaluations=10), workers=2, out=tmp_path / "run"
    )
    assert result.stopped == "evaluations"
    assert result.most_evaluations == 10 < result.evaluations == 4 * 2 * 24
