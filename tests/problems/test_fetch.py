import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from platformdirs.macos import MacOS
from platformdirs.windows import Windows

from rayzc.errors import SuiteError
from rayzc.problems import NAMED_SUITES, NamedSuite, Suite, data_folder, fetch_suite, load_suite
from rayzc.problems.download import download
from rayzc.problems.fetch import named_suite
from tests.performance.suite_files import write_suite_files
from tests.problems.mirror import Mirror, serving

NAMED = NAMED_SUITES["nbsz-13"]
NAMES = [file.name for file in NAMED.files]


def offline(url: str, path: Path) -> None:
    """Knows this machine, and nothing else."""
    if not url.startswith("http://127.0.0.1"):
        raise OSError("no connection")
    download(url, path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public files, small."""
    folder = tmp_path_factory.mktemp("public")
    write_suite_files(folder, scale=0.002)
    return folder


@pytest.fixture
def mirror(files: Path, tmp_path: Path) -> Iterator[Mirror]:
    folder = tmp_path / "served"
    folder.mkdir()
    for file in files.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with serving(folder) as running:
        yield running


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def test_fetch_makes_the_named_suite(mirror: Mirror, data: Path) -> None:
    said: list[str] = []
    path = fetch_suite("nbsz-13", mirror=f"{mirror.address}/", get=offline, report=said.append)
    assert path == data / "suites" / "nbsz-13.parquet"
    suite = load_suite("nbsz-13")
    assert suite.name == "nbsz-13"
    assert suite.names == NAMED.problems
    assert len(suite.common_proxies) == 13
    assert said[-1] == f"nbsz-13: 13 problems in {path}"
    assert sorted(name for name, _ in mirror.requests) == sorted(NAMES)


def test_receipt_notes_checksums(mirror: Mirror) -> None:
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    receipt = json.loads((NAMED.folder / "receipt.json").read_text())
    assert sorted(receipt) == sorted(NAMES)
    for name, noted in receipt.items():
        content = (NAMED.folder / name).read_bytes()
        assert noted["sha256"] == hashlib.sha256(content).hexdigest()
        assert noted["bytes"] == str(len(content))
        assert noted["url"] == f"{mirror.address}/{name}"


def test_fetching_again_asks_for_nothing(mirror: Mirror) -> None:
    path = fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    mirror.requests.clear()
    said: list[str] = []
    assert fetch_suite("nbsz-13", mirror=mirror.address, get=offline, report=said.append) == path
    assert said == [f"nbsz-13: already in {path}"]
    path.unlink()
    said.clear()
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline, report=said.append)
    assert said[:-1] == [f"{name}: already there" for name in NAMES]
    assert mirror.requests == []


def test_a_damaged_suite_is_made_again(mirror: Mirror) -> None:
    path = fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    path.write_bytes(path.read_bytes()[:-10])
    said: list[str] = []
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline, report=said.append)
    assert said[0].endswith("was cut off; import or fetch it again; the suite is rebuilt")
    assert len(load_suite("nbsz-13")) == 13


def test_an_interrupted_fetch_goes_on(mirror: Mirror) -> None:
    mirror.breaks = 3
    with pytest.raises(SuiteError, match="could not download 1 of the 5 files of nbsz-13"):
        fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    mirror.requests.clear()
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    assert [name for name, _ in mirror.requests] == [NAMES[0]]
    assert mirror.requests[0][1] > 0
    assert len(load_suite("nbsz-13")) == 13


def test_files_put_there_by_hand_need_no_network(files: Path) -> None:
    NAMED.folder.mkdir(parents=True)
    for name in NAMES:
        (NAMED.folder / name).write_bytes((files / name).read_bytes())
    fetch_suite("nbsz-13", get=offline)
    assert load_suite("nbsz-13").names == NAMED.problems
    assert json.loads((NAMED.folder / "receipt.json").read_text())[NAMES[0]]["url"] == "put there by hand"


def test_offline_says_what_to_download_and_where_to_put_it(files: Path) -> None:
    NAMED.folder.mkdir(parents=True)
    for name in NAMES[1:]:
        (NAMED.folder / name).write_bytes((files / name).read_bytes())
    with pytest.raises(SuiteError) as error:
        fetch_suite("nbsz-13", get=offline)
    mirrors = NAMED.files[0].mirrors
    assert str(error.value).splitlines() == [
        "could not download 1 of the 5 files of nbsz-13.",
        "  zc_nasbench101.json",
        *(f"    tried {url}: no connection" for url in mirrors),
        "Download by hand:",
        f"  zc_nasbench101.json from {' or '.join(mirrors)}",
        f"Put the files into {NAMED.folder}",
        "and run `rayzc suite fetch nbsz-13` again; it then needs no network.",
    ]


def test_every_file_has_several_mirrors_each_of_its_own() -> None:
    mirrors = [url for file in NAMED.files for url in file.mirrors]
    assert min(len(file.mirrors) for file in NAMED.files) == 2
    assert len(set(mirrors)) == len(mirrors) == 13


def test_the_next_mirror_is_tried(mirror: Mirror, files: Path) -> None:
    """A mirror that lacks a file or delivers a page instead of it is passed over."""
    (mirror.folder / NAMES[1]).write_text("<html>Too many users</html>")
    (mirror.folder / NAMES[2]).unlink()
    asked: list[str] = []

    def get(url: str, path: Path) -> None:
        if url.startswith("http://127.0.0.1"):
            download(url, path)
            return
        asked.append(url)
        name = next(file.name for file in NAMED.files if url in file.mirrors)
        path.write_bytes((files / name).read_bytes())

    fetch_suite("nbsz-13", mirror=mirror.address, get=get)
    assert asked == [NAMED.files[1].mirrors[0], NAMED.files[2].mirrors[0]]
    assert len(load_suite("nbsz-13")) == 13


def test_a_mirror_that_answers_with_a_page_is_told_apart(mirror: Mirror) -> None:
    (mirror.folder / NAMES[1]).write_text("<!DOCTYPE html>\n<html><body>Log in</body></html>")
    with pytest.raises(SuiteError) as error:
        fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    lines = str(error.value).splitlines()
    assert lines[:2] == ["could not download 1 of the 5 files of nbsz-13.", f"  {NAMES[1]}"]
    assert lines[2].startswith(f"    tried {mirror.address}/{NAMES[1]}: a web page, not the file itself: ")
    assert not (NAMED.folder / NAMES[1]).exists()


def test_a_file_that_differs_from_its_receipt_is_fetched_again(mirror: Mirror) -> None:
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline).unlink()
    target = NAMED.folder / NAMES[3]
    whole = target.read_bytes()
    target.write_bytes(whole.replace(b'"idx": "0"', b'"idx": "9"', 1))
    mirror.requests.clear()
    said: list[str] = []
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline, report=said.append)
    assert target.read_bytes() == whole
    assert mirror.requests == [(NAMES[3], 0)]
    assert any(
        line.startswith(f"{NAMES[3]}: its SHA-256 is ") and line.endswith("the file is fetched again")
        for line in said
    )


def test_a_mirror_with_another_file_is_refused(mirror: Mirror) -> None:
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline).unlink()
    (NAMED.folder / NAMES[0]).unlink()
    served = mirror.folder / NAMES[0]
    served.write_bytes(served.read_bytes().replace(b'"idx": "0"', b'"idx": "9"', 1))
    with pytest.raises(SuiteError, match=r"tried http://127\S+: its SHA-256 is [0-9a-f]{16}..., expected "):
        fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    assert not (NAMED.folder / NAMES[0]).exists()


def test_files_without_a_promised_problem(mirror: Mirror) -> None:
    served = mirror.folder / "zc_nasbench201.json"
    tasks = json.loads(served.read_text())
    served.write_text(json.dumps({"cifar10": tasks["cifar10"]}))
    with pytest.raises(SuiteError) as error:
        fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    assert str(error.value) == (
        f"the files in {NAMED.folder} lack nasbench201/ImageNet16-120, nasbench201/cifar100; remove the files and "
        "fetch again"
    )


def test_unreadable_receipt(files: Path) -> None:
    NAMED.folder.mkdir(parents=True)
    receipt = NAMED.folder / "receipt.json"
    receipt.write_text("[]")
    with pytest.raises(SuiteError) as error:
        fetch_suite("nbsz-13", get=offline)
    assert (
        str(error.value) == f"{receipt}: the receipt is unreadable; remove it to accept the files as they are"
    )


def test_data_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path / "file"))
    with pytest.raises(
        SuiteError, match=r"cannot be created: .*; set RAYZC_DATA to a folder that you can write"
    ):
        fetch_suite("nbsz-13", get=offline)


def test_unknown_suite() -> None:
    with pytest.raises(SuiteError, match=r"no suite is named 'nbsz'; did you mean 'nbsz-13'\?"):
        fetch_suite("nbsz", get=offline)


def test_nbsz_13_is_the_table_of_the_suite(real_suite: Suite) -> None:
    assert NAMED_SUITES["nbsz-13"].problems == real_suite.names


@pytest.mark.parametrize("suite", NAMED_SUITES.values(), ids=lambda suite: suite.name)
def test_named_suites_are_well_formed(suite: NamedSuite) -> None:
    assert NAMED_SUITES[suite.name] is suite
    assert suite.description
    assert list(suite.problems) == sorted(set(suite.problems))
    spaces = {problem.split("/")[0] for problem in suite.problems}
    assert {file.name for file in suite.files} == {f"zc_{space}.json" for space in spaces}
    for file in suite.files:
        assert file.mirrors
        for mirror in file.mirrors:
            address = urlsplit(mirror)
            assert address.scheme == "https"
            assert len(parse_qs(address.query)["id"][0]) == 33


def test_unknown_name_is_suggested() -> None:
    with pytest.raises(SuiteError) as error:
        named_suite("nsbz-13")
    assert str(error.value) == "no suite is named 'nsbz-13'; did you mean 'nbsz-13'?"


def test_data_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    assert NAMED_SUITES["nbsz-13"].path == tmp_path / "suites" / "nbsz-13.parquet"


@pytest.mark.skipif(sys.platform != "linux", reason="the folder on Linux")
@pytest.mark.parametrize(("variable", "folder"), [(None, "home/.cache/rayzc"), ("given", "given/rayzc")])
def test_data_folder_on_linux(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str | None, folder: str
) -> None:
    for name in ("RAYZC_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    if variable:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / variable))
    assert data_folder() == tmp_path / folder


@pytest.mark.parametrize(
    ("platform", "folder"), [(MacOS, "home/Library/Caches/rayzc"), (Windows, "home/AppData/Local/rayzc")]
)
def test_data_folder_on_other_platforms(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: type, folder: str
) -> None:
    monkeypatch.delenv("RAYZC_DATA")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("platformdirs.PlatformDirs", platform)
    monkeypatch.setattr(
        "platformdirs.windows.get_win_folder", lambda name: str(tmp_path / "home/AppData/Local")
    )
    assert data_folder() == tmp_path / folder
