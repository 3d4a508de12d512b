"""What comes from Google Drive comes through gdown itself, from a stand-in for Drive."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rayzc.problems import NAMED_SUITES, fetch_suite, load_suite
from rayzc.problems.download import UnreachableError, download
from tests.performance.suite_files import write_suite_files
from tests.problems.drive import Drive, standing_in_for_drive

DATA = bytes(range(256)) * 8000
URL = "https://drive.google.com/uc?id=abc"
REFUSED = "Google Drive refuses the file"
NAMED = NAMED_SUITES["nbsz-13"]


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    folder = tmp_path / "drive"
    folder.mkdir()
    (folder / "abc").write_bytes(DATA)
    with standing_in_for_drive(folder, monkeypatch) as drive:
        yield drive


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "got"
    folder.mkdir()
    return folder / "file"


def drives(mirrors: tuple[str, ...]) -> list[str]:
    """The addresses on Google Drive."""
    return [url for url in mirrors if urlsplit(url).hostname == "drive.google.com"]


def from_drive_alone(url: str, path: Path) -> None:
    """Other hosts have no stand-in here."""
    if not drives((url,)):
        raise UnreachableError("no connection")
    download(url, path)


def left_over(target: Path) -> list[Path]:
    return [path for path in target.parent.iterdir() if path != target]


def test_a_small_file(drive: Drive, target: Path, capfd: pytest.CaptureFixture[str]) -> None:
    download(URL, target)
    assert target.read_bytes() == DATA
    assert left_over(target) == []
    assert capfd.readouterr() == ("", "")


def test_a_file_too_large_to_be_scanned_is_confirmed_without_a_question(drive: Drive, target: Path) -> None:
    drive.scanned = 1000
    download(URL, target)
    assert target.read_bytes() == DATA
    assert drive.pages == ["abc"]


def test_a_broken_connection_is_resumed(drive: Drive, target: Path) -> None:
    drive.breaks = 1
    download(URL, target)
    assert target.read_bytes() == DATA
    assert 0 < drive.requests[-1][1] <= len(DATA) // 2


def test_what_arrived_is_kept_for_the_next_attempt(drive: Drive, target: Path) -> None:
    drive.breaks = 100
    with pytest.raises(OSError, match=r"^Download is incomplete: .* announced 2048000 bytes\.$"):
        download(URL, target)
    assert not target.exists()
    (partial,) = left_over(target)
    arrived = partial.stat().st_size
    assert partial.read_bytes() == DATA[:arrived]
    assert arrived > len(DATA) // 2
    drive.breaks = 0
    drive.requests.clear()
    download(URL, target)
    assert target.read_bytes() == DATA
    assert drive.requests[-1] == ("abc", arrived)


@pytest.mark.parametrize("bytes_there", [len(DATA), len(DATA) + 7])
def test_what_is_no_beginning_of_the_file_starts_again(drive: Drive, target: Path, bytes_there: int) -> None:
    drive.breaks = 100
    with pytest.raises(OSError, match="incomplete"):
        download(URL, target)
    (partial,) = left_over(target)
    partial.write_bytes(bytes(bytes_there))
    drive.breaks = 0
    download(URL, target)
    assert target.read_bytes() == DATA
    assert left_over(target) == []


def test_too_many_downloads(drive: Drive, target: Path) -> None:
    drive.breaks = 100
    with pytest.raises(OSError, match="incomplete"):
        download(URL, target)
    drive.busy.add("abc")
    before = left_over(target)
    with pytest.raises(OSError, match=f"^{REFUSED}: Too many users have viewed it recently$"):
        download(URL, target)
    assert left_over(target) == before


def test_a_file_that_is_gone(drive: Drive, target: Path) -> None:
    (drive.folder / "abc").unlink()
    with pytest.raises(OSError, match=f"^{REFUSED}: Cannot retrieve the public link of the file$"):
        download(URL, target)
    assert left_over(target) == []


def test_a_server_that_refuses(drive: Drive, target: Path) -> None:
    drive.status = 503
    with pytest.raises(OSError, match=r"^drive\.google\.com answers 503 Service Unavailable$"):
        download(URL, target)
    assert left_over(target) == []


def test_no_network(drive: Drive, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.problems.drive._HOSTS", ())
    with pytest.raises(OSError, match=r"^no connection to drive\.google\.com \(ConnectionError\)$"):
        download(URL, target)
    assert left_over(target) == []


def test_the_named_suite_comes_from_drive(
    drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file is only with the last mirror, and one breaks off."""
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path / "data"))
    public = tmp_path / "public"
    public.mkdir()
    write_suite_files(public, scale=0.005)
    for number, file in enumerate(NAMED.files):
        url = drives(file.mirrors)[-1 if number == 1 else 0]
        (drive.folder / url.partition("id=")[2]).write_bytes((public / file.name).read_bytes())
    drive.busy = {url.partition("id=")[2] for url in drives(NAMED.files[1].mirrors)[:-1]}
    drive.scanned, drive.breaks = 50_000, 1
    fetch_suite("nbsz-13", get=from_drive_alone)
    suite = load_suite("nbsz-13")
    assert suite.names == NAMED.problems
    assert sorted(path.name for path in NAMED.folder.iterdir()) == sorted(
        ["receipt.json", *(file.name for file in NAMED.files)]
    )
