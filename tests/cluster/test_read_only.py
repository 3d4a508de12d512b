"""Where nothing but a folder for temporary files can be written: no home, and an installation that is read-only."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from rayzc.problems import Suite, write_suite
from tests.cluster.searches import samples

# In a mount namespace of its own: all is read-only, as in a container with a read-only root, but for one folder.
READ_ONLY = """
mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,bind,ro / || exit 99
cd "$1" && shift && exec "$@"
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """The one folder that can be written, with a name that is short enough for Ray's sockets."""
    folder = Path(tempfile.mkdtemp(prefix="rzc"))
    yield folder
    rmtree(folder, ignore_errors=True)


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command there."""
    known = {key: value for key, value in os.environ.items() if not key.startswith("RAY_A")}
    known |= {"TMPDIR": str(place), "HOME": "/nowhere"}
    try:
        ran = subprocess.run(
            ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(place), *command],
            env=known,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("there is no command unshare here, of util-linux")
    if ran.returncode == 99 or "unshare failed" in ran.stderr:
        pytest.skip(f"a read-only machine cannot be made here: {ran.stderr.strip()}")
    return ran


@pytest.fixture(scope="module")
def suites(place: Path, small_suite: Suite) -> None:
    write_suite(small_suite, place / "small.parquet")
    write_suite(samples.suite(), place / "networks.parquet")


def test_nothing_else_can_be_written(place: Path) -> None:
    """What the tests below rely on."""
    code = "import os, rayzc; print([os.access(p, os.W_OK) for p in (os.path.dirname(rayzc.__file__), '/', '.')])"
    ran = run(place, sys.executable, "-c", code)
    assert ran.stdout == "[False, False, True]\n", ran.stderr


MEASURED = ["search", "--formula", "synflow", "--suite", "none", "--problems", "nasbench201/cifar10"]
MEASURED += ["--budget", "12", "--workers", "1", "--width", "4", "--depth", "1", "--batch-size", "4"]
COMMANDS = [
    ["score", "flops + synflow", "--suite", "small.parquet"],
    ["discover", "--suite", "small.parquet", "--epochs", "2", "--population", "10", "--workers", "1"],
    ["search", "--formula", "flops", "--suite", "networks.parquet", "--budget", "20", "--workers", "1"],
    pytest.param(MEASURED, marks=pytest.mark.cluster, id="search that measures"),
]


@pytest.mark.parametrize("given", COMMANDS, ids=lambda given: given[0])
def test_a_command(place: Path, suites: None, given: list[str]) -> None:
    ran = run(place, sys.executable, "-m", "rayzc", *given)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "locator" not in ran.stderr
