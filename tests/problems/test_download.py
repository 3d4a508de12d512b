import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rayzc.problems.download import download
from tests.problems.mirror import Mirror, serving

DATA = bytes(range(256)) * 40
DRIVE = "https://drive.google.com/uc?id=abc"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file").write_bytes(DATA)
    with serving(folder) as running:
        yield running


def test_whole_file(mirror: Mirror, tmp_path: Path) -> None:
    download(f"{mirror.address}/file", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA
    assert not (tmp_path / "got.part").exists()


def test_a_broken_connection_is_resumed(mirror: Mirror, tmp_path: Path) -> None:
    mirror.breaks = 1
    download(f"{mirror.address}/file", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA
    assert mirror.requests == [("file", 0), ("file", len(DATA) // 2)]


def test_what_arrived_is_kept_for_the_next_attempt(mirror: Mirror, tmp_path: Path) -> None:
    mirror.breaks = 3
    with pytest.raises(OSError, match="the connection broke after 1280 of 2560 bytes"):
        download(f"{mirror.address}/file", tmp_path / "got")
    assert not (tmp_path / "got").exists()
    assert (tmp_path / "got.part").read_bytes() == DATA[: 5120 + 2560 + 1280]
    download(f"{mirror.address}/file", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA
    assert mirror.requests[-1] == ("file", 8960)


def test_a_server_that_cannot_resume_starts_again(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "got.part").write_bytes(b"x" * 100)
    mirror.resumes = False
    download(f"{mirror.address}/file", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA


def test_a_partial_file_that_is_too_long_starts_again(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "got.part").write_bytes(b"x" * (len(DATA) + 1))
    download(f"{mirror.address}/file", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA


def test_missing_on_the_server(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the server answers 404 Not Found"):
        download(f"{mirror.address}/other", tmp_path / "got")
    assert mirror.requests == [("other", 0)]


def test_no_server(tmp_path: Path, mirror: Mirror) -> None:
    with serving(tmp_path) as gone:
        pass
    with pytest.raises(OSError, match="Connection refused"):
        download(f"{gone.address}/file", tmp_path / "got")


def test_only_the_web(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="an address starts with http:// or https://, not 'file:'"):
        download("file:///etc/passwd", tmp_path / "got")


def test_drive_without_gdown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(
        OSError, match=r"a download from Google Drive needs gdown: run `pip install 'rayzc\[fetch\]'`"
    ):
        download(DRIVE, tmp_path / "got")
