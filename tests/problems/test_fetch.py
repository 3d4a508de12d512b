import hashlib
import json
from pathlib import Path

import pytest

from rayzc.errors import SuiteError
from rayzc.problems import NAMED_SUITES, FileReport, fetch_suite, load_suite
from rayzc.problems.download import download
from tests.problems.mirror import Mirror
from tests.problems.public import offline

NAMED = NAMED_SUITES["nbsz-13"]
NAMES = [file.name for file in NAMED.files]
pytestmark = pytest.mark.usefixtures("data")


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
    assert said == [f"nbsz-13: already in {path}; remove this file to make the suite again"]
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
    with pytest.raises(SuiteError, match="1 of the 5 files of nbsz-13 could not be had"):
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
    drive, github = NAMED.files[0].mirrors[:2]
    assert str(error.value).splitlines() == [
        "1 of the 5 files of nbsz-13 could not be had:",
        "  Google Drive: no connection",
        "  GitHub: no connection",
        "Download by hand, each file from one of its addresses:",
        "  zc_nasbench101.json",
        f"    {drive}",
        f"    {github}",
        "Then, with the folder that has them:",
        "  rayzc suite fetch nbsz-13 --from FOLDER",
        f"or put them into {NAMED.folder}",
        "and run `rayzc suite fetch nbsz-13` again. Neither needs a network.",
        "Meanwhile, everything runs on the suite that comes with rayzc: --suite mini-13",
    ]


def test_what_happened_to_each_file_is_told(mirror: Mirror) -> None:
    (mirror.folder / NAMES[0]).unlink()
    ended: list[FileReport] = []
    with pytest.raises(SuiteError):
        fetch_suite("nbsz-13", mirror=mirror.address, get=offline, ended=ended.append)
    lost, found = ended[:2]
    assert (lost.kind, lost.size, lost.checked) == ("", 0, None)
    assert lost.summary == (
        "mirror: the server answers 404 Not Found",
        "Google Drive, 3 addresses: no connection",
        "GitHub: no connection",
    )
    size = (mirror.folder / NAMES[1]).stat().st_size
    assert (found.kind, found.where, found.size) == ("mirror", f"{mirror.address}/{NAMES[1]}", size)
    assert found.summary == (
        "3 problems, 79 architectures, 13 proxies, ranges",
        "smaller than published: all scores on 79 of 15,625",
    )
    assert found.failures == ()


def test_the_suite_notes_where_its_files_came_from(mirror: Mirror) -> None:
    fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    metadata = load_suite("nbsz-13").metadata
    assert f"{NAMES[0]} from {mirror.address}/{NAMES[0]}; {NAMES[1]} from" in metadata["places"]
    assert (
        f"{NAMES[1]}: smaller than published: all scores on 79 of 15,625"
        in metadata["differs_from_published"]
    )


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
    assert lines[0] == "1 of the 5 files of nbsz-13 could not be had:"
    assert lines[1].startswith("  mirror: a web page, not the file itself: ")
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
    with pytest.raises(SuiteError, match=r"mirror: its SHA-256 is [0-9a-f]{16}..., the receipt of the "):
        fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    assert not (NAMED.folder / NAMES[0]).exists()


def test_a_file_that_fails_a_check_is_passed_over(mirror: Mirror) -> None:
    served = mirror.folder / "zc_nasbench201.json"
    tasks = json.loads(served.read_text())
    served.write_text(json.dumps({"cifar10": tasks["cifar10"]}))
    with pytest.raises(SuiteError) as error:
        fetch_suite("nbsz-13", mirror=mirror.address, get=offline)
    assert str(error.value).splitlines()[1] == (
        "  mirror: it lacks nasbench201/ImageNet16-120, nasbench201/cifar100; it has nasbench201/cifar10"
    )
    assert not (NAMED.folder / served.name).exists()


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
