"""The hold on a run on another file system: one process at a time, and none for ever."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rayzc.errors import RunError
from rayzc.runs import RunFolder, lease, place_of
from rayzc.runs.lease import Lease
from rayzc.runs.stores import StorePath
from tests.runs.folders import held_elsewhere
from tests.s3 import Server


def run(s3: Server, name: str) -> RunFolder:
    return RunFolder(place_of(s3.uri(f"lease/{name}")))


def owners(folder: RunFolder) -> list[str]:
    return [path.name for path in folder.path.iterdir() if path.name.startswith(".owner-")]


def fails(folder: RunFolder) -> str:
    with pytest.raises(RunError) as raised, folder.locked(pytest.fail):
        pytest.fail("it was let in")
    return str(raised.value)


class TestTwoProcesses:
    def test_the_second_is_refused_and_told_of_the_first(self, s3: Server) -> None:
        folder = run(s3, "two")
        with held_elsewhere(folder.path) as owner:
            message = fails(folder)
            assert message.startswith(
                f"{folder.path}: process {owner} on {socket.gethostname()} is working on this run: wait until it has "
                "ended, or stop it first; if it is dead, the run is free 60 s after its last sign of life, which was "
            )
        assert owners(folder) == []
        with folder.locked(pytest.fail):
            assert len(owners(folder)) == 1
            assert f"process {os.getpid()} on " in fails(RunFolder(folder.path))
        assert owners(folder) == []

    def test_of_many_at_once_exactly_one_is_let_in(self, s3: Server) -> None:
        folder = run(s3, "race")
        code = (
            "import sys\nfrom rayzc.errors import RunError\nfrom rayzc.runs import RunFolder, place_of\n"
            "folder = RunFolder(place_of(sys.argv[1]))\nprint('ready', flush=True)\nsys.stdin.readline()\ntry:\n"
            "    with folder.locked():\n        print('in', flush=True)\n        sys.stdin.readline()\n"
            "except RunError as error:\n    print(error, flush=True)\n"
        )
        command = [sys.executable, "-c", code, str(folder.path)]
        started = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
            for _ in range(3)
        ]
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
        said = []
        for process in started:
            assert process.stdout is not None
            said.append(process.stdout.readline())
        for process in started:
            process.communicate("\n", timeout=60)
        assert said.count("in\n") == 1
        assert sum("is working on this run" in text for text in said) == len(said) - 1
        assert owners(folder) == []

    def test_threads_that_meet_at_every_step(self, tmp_path: Path, s3: Server) -> None:
        def attempt(number: int) -> Lease | None:
            one = Lease(place_of(s3.uri("lease/threads")), pytest.fail)  # type: ignore[arg-type]
            try:
                one.take()
            except RunError:
                return None
            return one

        with ThreadPoolExecutor(4) as threads:
            taken = [one for one in threads.map(attempt, range(4)) if one is not None]
        assert len(taken) == 1
        taken[0].release()


class TestDeadProcess:
    def test_on_this_machine_it_is_taken_over_at_once(self, s3: Server) -> None:
        folder, warned = run(s3, "killed"), list[str]()
        with held_elsewhere(folder.path) as owner:
            os.kill(owner, signal.SIGKILL)
            os.waitid(os.P_PID, owner, os.WEXITED | os.WNOWAIT)
            with folder.locked(warned.append):
                assert len(owners(folder)) == 1
        name = f"process {owner} on {socket.gethostname()}"
        assert warned == [f"{folder.path}: {name} worked on this run and is gone; it is taken over"]
        assert [(event["event"], event["owner"]) for event in folder.recorded()] == [("taken over", name)]

    def test_elsewhere_it_is_taken_over_once_its_file_is_old_by_the_server_s_clock(
        self, s3: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder, warned = run(s3, "stale"), list[str]()
        # A machine whose processes nobody here can know.
        monkeypatch.setattr(lease, "_machine", lambda: None)
        dead = Lease(place_of(str(folder.path)), pytest.fail)  # type: ignore[arg-type]
        dead.take()
        dead._end.set()
        assert "is working on this run" in fails(folder)
        modified = StorePath.modified

        def later(path: StorePath) -> dict[str, object]:
            """As if what the dead process wrote was two minutes older."""
            return {
                name: written and written - timedelta(seconds=120 * (name == dead._own.name))
                for name, written in modified(path).items()
            }

        monkeypatch.setattr(StorePath, "modified", later)
        monkeypatch.setattr(lease, "_WATCH_SECONDS", 0.5)
        with folder.locked(warned.append):
            assert owners(folder) != [dead._own.name]
        assert len(warned) == 1
        assert owners(folder) == []

    def test_who_only_seemed_dead_notices_and_writes_no_more(
        self, s3: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = run(s3, "asleep")
        monkeypatch.setattr(lease, "_machine", lambda: None)
        with folder.locked(pytest.fail):
            other = Lease(place_of(str(folder.path)), lambda text: None)  # type: ignore[arg-type]
            monkeypatch.setattr(lease, "_STALE_SECONDS", -1.0)  # all are silent for too long
            monkeypatch.setattr(lease, "_WATCH_SECONDS", 0.0)
            other.take()
            with pytest.raises(
                RunError, match=r": process \d+ on .* has taken over this run, as this process"
            ):
                folder.write_config({"seed": 4})
            assert not folder.config.exists()
            assert owners(folder) == [other._own.name]
        assert owners(folder) == [other._own.name]  # what is not ours stays
        other._refresh()
        other.check()
        other.release()

    def test_a_file_that_is_none(self, s3: Server) -> None:
        folder = run(s3, "damaged")
        (folder.path / ".owner-x").write_bytes(b"[")
        assert re.match(r".*: process \? on \? is working on this run", fails(folder))


class TestClockOfTheServer:
    """It is set by an hour after a process has written its file."""

    @pytest.fixture(autouse=True)
    def hasty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lease, "_machine", lambda: None)
        monkeypatch.setattr(lease, "_BEAT_SECONDS", 3.0)
        monkeypatch.setattr(lease, "_SECONDS_BETWEEN_LOOKS", 0.2)

    def set_by(self, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sets the clock now: what was written before has the time of the old clock."""
        modified, moment = StorePath.modified, datetime.now(UTC)

        def stepped(path: StorePath) -> dict[str, datetime | None]:
            return {
                name: written + timedelta(hours=hours) if written and written > moment else written
                for name, written in modified(path).items()
            }

        time.sleep(1.1)  # the server's times are whole seconds
        monkeypatch.setattr(StorePath, "modified", stepped)

    @pytest.mark.parametrize("hours", [1, -1])
    def test_who_lives_keeps_the_run(self, s3: Server, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
        folder = run(s3, f"living{hours}")
        with folder.locked(pytest.fail):
            self.set_by(hours, monkeypatch)
            assert "is working on this run" in fails(RunFolder(folder.path))
            folder.write_config({"seed": 4})  # it is still held

    @pytest.mark.parametrize("hours", [1, -1])
    def test_who_is_dead_does_not_keep_it(
        self, s3: Server, monkeypatch: pytest.MonkeyPatch, hours: int
    ) -> None:
        folder, warned = run(s3, f"dead{hours}"), list[str]()
        dead = Lease(place_of(str(folder.path)), pytest.fail)  # type: ignore[arg-type]
        dead.take()
        dead._end.set()
        self.set_by(hours, monkeypatch)
        monkeypatch.setattr(lease, "_WATCH_SECONDS", 2.0)
        with folder.locked(warned.append):
            assert owners(folder) != [dead._own.name]
        assert len(warned) == 1
        assert owners(folder) == []


def test_a_process_that_is_not_there_or_another_by_now() -> None:
    mine = lease._this_process()
    assert not lease._gone(mine)
    assert not lease._gone(mine | {"machine": "another"})
    if mine["machine"] is None:
        pytest.skip("this system does not say what processes there are")
    assert lease._gone(mine | {"started": "1"})
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    assert lease._gone(mine | {"process": ended.pid})
