"""Files that are whole or not there at all."""

import os
import stat
from pathlib import Path

import pytest

from rayzc.documents import replacing, write_atomically


def test_writes_text_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content in ("", "one\ntwo\n", "tä\U0001f600\r\n", "x" * 1_000_000):
        write_atomically(path, content)
        assert path.read_bytes() == content.encode("utf-8")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("existed", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, RuntimeError])
def test_a_block_that_fails_changes_nothing(
    tmp_path: Path, existed: bool, error: type[BaseException]
) -> None:
    path = tmp_path / "a.json"
    if existed:
        path.write_text("before")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half of")
            raise error

    with pytest.raises(error):
        write_half()
    assert [one.name for one in tmp_path.iterdir()] == (["a.json"] if existed else [])
    assert not existed or path.read_text() == "before"


@pytest.mark.parametrize("victim", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
def test_a_failure_before_the_rename_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text("before")

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(victim, fail)
        with pytest.raises(OSError, match="No space left"):
            write_atomically(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    happened: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        happened.append("folder" if is_folder else f"file of {os.fstat(descriptor).st_size}")
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> Path:
        happened.append(f"rename to {target.name}")
        return rename(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    write_atomically(path, "hello")
    assert happened == ["file of 5", "rename to a.json", "folder"]


def test_readers_see_the_old_file_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("before")
    with replacing(path) as temporary:
        temporary.write_text("after")
        assert path.read_text() == "before"
        assert temporary.parent == tmp_path  # a rename across file systems would not be atomic
        assert temporary.name.startswith(".a.json.")
        assert temporary.suffix == ".tmp"
    assert path.read_text() == "after"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_file_has_the_rights_of_any_new_file(tmp_path: Path, mask: int, mode: int) -> None:
    """Not those of a temporary file, which only its owner may read."""
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "a.json", "x")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == mode


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "a.json", "x")
