"""The wheel and the sdist are what they should be, and the wheel works without the checkout."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.release.installed import ROOT, check, install

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

FALLBACK = PROJECT["tool"]["hatch"]["version"]["fallback-version"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_twine_finds_nothing(built: Path) -> None:
    files = sorted(built.iterdir())
    assert [path.suffix for path in files] == [".whl", ".gz"] or len(files) == 2
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


@pytest.mark.slow
def test_what_is_in_the_wheel(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    version = wheel.name.split("-")[1]
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        written = archive.read("rayzc/_version.py").decode()
    assert f'__version__ = "{version}"' in written
    assert "rayzc/py.typed" in names
    assert "rayzc/suites/mini-13.parquet" in names
    assert {name.partition("/")[0] for name in names} == {"rayzc", f"rayzc-{version}.dist-info"}
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CITATION.cff",
        "tests/release/test_release.py",
    } <= files


@pytest.mark.slow
def test_the_wheel_works_without_the_checkout(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    check(install(wheel, tmp_path), tmp_path)


@pytest.mark.slow
def test_versions_with_tags_and_without(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    assert _version(tmp_path) == FALLBACK, "without git"
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "--message", "first")
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?\.dev1", _version(tmp_path)), "without tags"
    _git(tmp_path, "tag", "--annotate", "v7.8.9", "--message", "rayzc 7.8.9")
    assert _version(tmp_path) == "7.8.9"
    _git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "second")
    assert _version(tmp_path) == "7.8.10.dev1"


def _version(folder: Path) -> str:
    """The version that a build in this folder would have."""
    command = [sys.executable, "-m", "hatchling", "version"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()[-1]


def _git(folder: Path, *arguments: str) -> None:
    """Runs git as nobody in particular."""
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_version_comes_from_tags() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["hatch"]["version"]["source"] == "vcs"
    assert re.fullmatch(r"\d+\.\d+\.\d+", FALLBACK)
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(FALLBACK)}$", citation, re.MULTILINE)


def test_a_checkout_that_is_not_installed_has_a_version() -> None:
    source = (ROOT / "rayzc" / "version.py").read_text(encoding="utf-8")
    names: dict[str, str] = {}
    exec(source.replace("rayzc._version", "rayzc._version_that_is_not_there"), names)
    assert names["__version__"] == "0.dev0"
