"""Commands below ``uv run``: workers start as they do without, and nothing is uploaded or installed for them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from rayzc.problems import Suite, write_suite

GIVEN = ["discover", "--suite", "small.parquet", "--epochs", "2", "--islands", "2", "--population", "10"]
GIVEN += ["--workers", "1", "--seed", "1", "--quiet"]
# Ray looks for an ancestor whose command line begins with these two words, whatever program it is: here, Python that
# runs the script of this name.
STAND_IN = """
import subprocess, sys
sys.exit(subprocess.run(sys.argv[sys.argv.index("--") + 1 :], check=False).returncode)
"""


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a name that is short enough for Ray's sockets."""
    folder = Path(tempfile.mkdtemp(prefix="rzc"))
    yield folder
    rmtree(folder, ignore_errors=True)


def uv_run(
    work: Path, temporary: Path, options: list[str], out: str, **changes: str
) -> subprocess.CompletedProcess[str]:
    known = {key: value for key, value in os.environ.items() if key not in ("RAY_ADDRESS", _VARIABLE)}
    return subprocess.run(
        [str(work / "uv"), "run", *options, "--", sys.executable, "-m", "rayzc", *GIVEN, "--out", out],
        env=known | {"RAY_TMPDIR": str(temporary)} | changes,
        cwd=work,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


_VARIABLE = "RAY_ENABLE_UV_RUN_RUNTIME_ENV"


@pytest.fixture
def work(small_suite: Suite, tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "run").write_text(STAND_IN)
    (folder / "uv").symlink_to(sys.executable)
    write_suite(small_suite, folder / "small.parquet")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pyproject.toml").write_text('[project]\nname = "elsewhere"\nversion = "1"\n')
    return folder


@pytest.mark.cluster
def test_a_project_elsewhere_or_none(work: Path, temporary: Path) -> None:
    halls = []
    for number, options in enumerate((["--project", str(work.parent / "elsewhere")], ["--no-project"])):
        ran = uv_run(work, temporary, options, f"found-{number}")
        assert ran.returncode == 0, ran.stderr
        halls.append((work / f"found-{number}" / "hall_of_fame.json").read_bytes())
        uploaded = [path for path in temporary.rglob("working_dir_files/*") if path.name != "lock"]
        assert uploaded == []
    assert halls[0] == halls[1]


@pytest.mark.cluster
def test_ray_would_refuse_where_it_is_told_to_follow_uv(work: Path, temporary: Path) -> None:
    """The stand-in is what Ray takes for uv, so that the test above says something."""
    options = ["--project", str(work.parent / "elsewhere")]
    ran = uv_run(work, temporary, options, "out", **{_VARIABLE: "1"})
    assert ran.returncode == 2
    assert f"{work.parent}/elsewhere is not in the working_dir" in ran.stderr
