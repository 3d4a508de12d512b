"""The token of a local run is in none of its files, its output or Ray's logs, and on no command line."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rayzc.problems import Suite, write_suite
from tests.cluster.faults.drivers import descendants
from tests.cluster.searches import samples

COMMANDS = {
    "discover": ["--suite", "small.parquet", "--epochs", "2", "--islands", "2", "--population", "10"],
    "search": ["--suite", "networks.parquet", "--formula", "flops + noise", "--budget", "20", "--seeds", "1"],
}


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a name that is short enough for Ray's sockets."""
    folder = Path(tempfile.mkdtemp(prefix="rzc"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.cluster
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_has_the_token(command: str, small_suite: Suite, tmp_path: Path, temporary: Path) -> None:
    write_suite(small_suite, tmp_path / "small.parquet")
    write_suite(samples.suite(), tmp_path / "networks.parquet")
    token = secrets.token_hex(32)
    known = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    process = subprocess.Popen(
        [sys.executable, "-m", "rayzc", command, *COMMANDS[command], "--workers", "1", "--out", "run"],
        env=known | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_TMPDIR": str(temporary)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    words: set[bytes] = set()
    out = err = b""
    while process.returncode is None:
        words |= _command_lines(process.pid)
        with suppress(subprocess.TimeoutExpired):
            out, err = process.communicate(timeout=0.5)
    assert process.returncode == 0, err.decode()
    assert any(b"raylet" in line for line in words)
    assert (tmp_path / "run" / "result.json").exists()
    logs = list(temporary.rglob("raylet.out"))
    assert len(logs) == 1
    files = [path for place in (tmp_path, temporary) for path in place.rglob("*") if path.is_file()]
    texts = {"output": out, "errors": err, "command lines": b"\n".join(words)}
    texts |= {str(path): path.read_bytes() for path in files}
    assert len(texts) > 20
    assert [place for place, text in texts.items() if token.encode() in text] == []


def _command_lines(process: int) -> set[bytes]:
    found = set()
    for each in descendants(process):
        with suppress(OSError):
            found.add(Path(f"/proc/{each}/cmdline").read_bytes())
    return found
