"""The lock of a run: one process at a time works on it."""

import os
import signal
import socket
from pathlib import Path

import pytest

from rayzc.errors import RunError
from rayzc.runs import RunFolder
from tests.runs.folders import a_run, held_elsewhere, refused


class TestLock:
    def test_a_second_process_is_refused_and_told_of_the_first(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path / "run")
        with held_elsewhere(folder.path) as owner:
            with refused(
                f"{folder.path}: process {owner} on {socket.gethostname()} is working on this run: wait until it has "
                "ended, or stop it first"
            ):
                with folder.locked():
                    pytest.fail("it was let in")
        with folder.locked():
            pass

    def test_that_of_a_dead_process_is_taken_over(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path / "run")
        with held_elsewhere(folder.path) as owner:
            os.kill(owner, signal.SIGKILL)
            os.waitid(os.P_PID, owner, os.WEXITED | os.WNOWAIT)
            assert f"process {owner} " in (folder.path / ".owner").read_text()
            with folder.locked():
                assert (folder.path / ".owner").read_text().startswith(f"process {os.getpid()} on ")

    def test_is_released_at_the_end_and_after_an_error(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path / "run")
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt), folder.locked():
                raise KeyboardInterrupt
        with folder.locked():
            pass
        with held_elsewhere(folder.path):
            pass
        assert not (folder.path / ".owner").exists()

    def test_is_not_had_twice_in_one_process(self, tmp_path: Path) -> None:
        folder = a_run(tmp_path / "run")
        with folder.locked():
            with pytest.raises(RunError, match=f": process {os.getpid()} on .* is working on this run"):
                with folder.locked():
                    pytest.fail("it was let in")
            with pytest.raises(RunError, match="is working on this run"):
                RunFolder.create(folder.path, force=True)

    def test_where_nothing_can_be_written(self, tmp_path: Path) -> None:
        folder = RunFolder(tmp_path / "gone")
        with refused(f"{folder.path} cannot be written: No such file or directory"):
            with folder.locked():
                pytest.fail("it was let in")
