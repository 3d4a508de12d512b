"""Stand-ins for the public files of a named suite, and for where they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rayzc.problems.download import download
from tests.performance.suite_files import write_suite_files
from tests.problems.mirror import Mirror, serving


def offline(url: str, path: Path) -> None:
    """Knows this machine, and nothing else."""
    if not url.startswith("http://127.0.0.1"):
        raise OSError("no connection")
    download(url, path)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public files, small."""
    folder = tmp_path_factory.mktemp("public")
    write_suite_files(folder, scale=0.005)
    return folder


@pytest.fixture
def mirror(files: Path, tmp_path: Path) -> Iterator[Mirror]:
    folder = tmp_path / "served"
    folder.mkdir()
    for file in files.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with serving(folder) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"
