import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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
    with pytest.raises(OSError, match=r"needs gdown, `pip install 'rayzc\[fetch\]'`"):
        download(DRIVE, tmp_path / "got")


def test_drive_is_asked_quietly_and_resumably(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}

    def fake(**options: Any) -> str:
        asked.update(options)
        Path(options["output"]).write_bytes(DATA)
        return str(options["output"])

    monkeypatch.setitem(sys.modules, "gdown", SimpleNamespace(download=fake))
    download(DRIVE, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA
    assert asked == {"url": DRIVE, "output": str(tmp_path / "got"), "quiet": True, "resume": True}


def test_drive_that_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "gdown", SimpleNamespace(download=lambda **options: None))
    with pytest.raises(OSError, match=r"Google Drive does not hand the file out \(removed, or too many"):
        download(DRIVE, tmp_path / "got")


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ConnectionError("a text of many lines"), "no connection to drive.google.com (ConnectionError)"),
        (RuntimeError("Too many\n users"), "Too many users"),
    ],
)
def test_errors_of_gdown_are_short(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, raised: Exception, message: str
) -> None:
    def fake(timeout: float, **options: Any) -> str:
        raise raised

    monkeypatch.setitem(sys.modules, "gdown", SimpleNamespace(download=fake))
    with pytest.raises(OSError) as error:  # noqa: PT011
        download(DRIVE, tmp_path / "got")
    assert str(error.value) == message
