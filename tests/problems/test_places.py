"""Where the files of a named suite are looked for."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from rayzc.errors import SuiteError
from rayzc.problems import NAMED_SUITES, FileReport, fetch_suite, load_suite
from rayzc.problems.download import UnreachableError
from tests.problems.mirror import Mirror
from tests.problems.public import offline

NAMED = NAMED_SUITES["nbsz-13"]
NAMES = [file.name for file in NAMED.files]
pytestmark = pytest.mark.usefixtures("data")


def test_a_host_out_of_reach_is_asked_once() -> None:
    asked: list[str] = []
    said: list[str] = []
    ended: list[FileReport] = []

    def get(url: str, path: Path) -> None:
        asked.append(url)
        raise UnreachableError("no connection")

    with pytest.raises(SuiteError, match="5 of the 5 files"):
        fetch_suite("nbsz-13", get=get, report=said.append, ended=ended.append)
    assert asked == list(NAMED.files[0].mirrors[:2])
    assert len(said) == 4
    assert [file.name for file in ended] == NAMES
    assert ended[1].summary == ("Google Drive, 4 addresses: no connection", "GitHub: no connection")


@pytest.mark.parametrize("layout", ["", "data", "naslib/data"])
def test_files_on_disk_need_no_network(files: Path, tmp_path: Path, layout: str) -> None:
    """The folder of the files, the package of NASLib, and its clone."""
    folder = tmp_path / "NASLib" / layout
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_bytes((files / name).read_bytes())
    ended: list[FileReport] = []
    fetch_suite("nbsz-13", get=offline, folder=tmp_path / "NASLib", ended=ended.append)
    assert load_suite("nbsz-13").names == NAMED.problems
    assert [(file.kind, file.where) for file in ended] == [("disk", str(folder / name)) for name in NAMES]
    assert (folder / NAMES[0]).is_file()


def test_a_clone_that_we_are_in_is_found(files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "naslib" / "data"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_bytes((files / name).read_bytes())
    fetch_suite("nbsz-13", get=offline)
    assert load_suite("nbsz-13").names == NAMED.problems


def test_an_installed_naslib_is_found_and_not_imported(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "installed" / "naslib"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError")
    for name in NAMES:
        (package / "data" / name).write_bytes((files / name).read_bytes())
    monkeypatch.syspath_prepend(package.parent)
    fetch_suite("nbsz-13", get=offline)
    assert load_suite("nbsz-13").names == NAMED.problems


def test_what_a_folder_lacks_is_fetched(mirror: Mirror, files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "some"
    folder.mkdir()
    (folder / NAMES[0]).write_bytes((files / NAMES[0]).read_bytes())
    (folder / NAMES[1]).write_bytes((files / NAMES[1]).read_bytes()[:-100])
    said: list[str] = []
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline, report=said.append, folder=folder)
    assert sorted(name for name, _ in mirror.requests) == sorted(NAMES[1:])
    assert any(line.startswith(f"{NAMES[1]}, line 1") or "was cut off" in line for line in said)
    assert f"{NAMES[2]}: no {NAMES[2]} in {folder} or {folder}/data or {folder}/naslib/data" in said


@pytest.mark.parametrize("given", ["gone", "file"])
def test_a_folder_that_is_none(tmp_path: Path, given: str) -> None:
    (tmp_path / "file").touch()
    what = {"gone": "no such folder", "file": "a file, not a folder"}[given]
    with pytest.raises(SuiteError) as error:
        fetch_suite("nbsz-13", get=offline, folder=tmp_path / given)
    assert str(error.value) == (
        f"{tmp_path / given}: {what}; name the folder that has the zc_<space>.json files, or a clone of NASLib, which "
        "has them in naslib/data"
    )


def on_github(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets Git name the content of these files."""

    def named(file: Path) -> str:
        content = file.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    sources = tuple(replace(file, git_blob=named(files / file.name)) for file in NAMED.files)
    suites = {"nbsz-13": replace(NAMED, files=sources)}
    monkeypatch.setattr("rayzc.problems.named.NAMED_SUITES", suites)


def test_github_hands_out_what_git_names(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_github(files, monkeypatch)

    def get(url: str, path: Path) -> None:
        if "githubusercontent" not in url:
            raise UnreachableError("no connection")
        content = (files / url.rpartition("/")[2]).read_bytes()
        path.write_bytes(content if NAMES[2] not in url else content + b"\n")

    ended: list[FileReport] = []
    with pytest.raises(SuiteError, match="1 of the 5 files"):
        fetch_suite("nbsz-13", get=get, ended=ended.append)
    assert ended[0].kind == "GitHub"
    assert ended[0].summary[0].endswith("ranges, content as in NASLib's Git history")
    assert ended[2].failures[1][0] == "GitHub"
    assert ended[2].failures[1][1].startswith("Git names its content ")
