"""Folders of runs, and a process that holds one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rayzc.errors import RunError
from rayzc.runs import AnyPath, RunFolder


def a_run(path: Path) -> RunFolder:
    folder = RunFolder.create(path)
    folder.write_config({"seed": 1})
    folder.record("started")
    folder.hall_of_fame.write_text("{}")
    folder.result.write_text("{}")
    (folder.checkpoints / "epoch-00000001.json").write_text("{}")
    (folder.checkpoints / "epoch-00000002.json").write_text("{}")
    return folder


@contextmanager
def held_elsewhere(path: AnyPath) -> Iterator[int]:
    """Another process that works on a run; gives its number."""
    code = (
        "import sys\nfrom rayzc.runs import RunFolder, place_of\n"
        "with RunFolder(place_of(sys.argv[1])).locked():\n    print('locked', flush=True)\n    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    try:
        yield process.pid
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(60)


def refused(message: str) -> "pytest.RaisesContext[RunError]":
    return pytest.raises(RunError, match=f"^{re.escape(message)}$")
