import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from platformdirs.macos import MacOS
from platformdirs.windows import Windows

from rayzc.errors import SuiteError
from rayzc.problems import NAMED_SUITES, NamedSuite, Suite, data_folder
from rayzc.problems.named import named_suite

NAMED = NAMED_SUITES["nbsz-13"]


def test_every_file_has_several_mirrors_each_of_its_own() -> None:
    mirrors = [url for file in NAMED.files for url in file.mirrors]
    assert min(len(file.mirrors) for file in NAMED.files) == 3
    assert len(set(mirrors)) == len(mirrors) == 18


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
            if address.hostname == "drive.google.com":
                assert len(parse_qs(address.query)["id"][0]) == 33
            else:
                assert address.hostname == "raw.githubusercontent.com"
                assert address.path.endswith(f"/naslib/data/{file.name}")
        assert len(file.git_blob or "") == 40
        assert suite.problems_of(file)


def test_unknown_name_is_suggested() -> None:
    with pytest.raises(SuiteError) as error:
        named_suite("nsbz-13")
    assert str(error.value) == "no suite is named 'nsbz-13'; did you mean 'nbsz-13'?"


def test_what_comes_with_rayzc_is_not_fetched() -> None:
    with pytest.raises(SuiteError) as error:
        named_suite("mini-13")
    assert str(error.value) == (
        "suite mini-13 comes with rayzc, there is nothing to fetch: use it by --suite mini-13"
    )


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
    monkeypatch.delenv("RAYZC_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("platformdirs.PlatformDirs", platform)
    monkeypatch.setattr(
        "platformdirs.windows.get_win_folder", lambda name: str(tmp_path / "home/AppData/Local")
    )
    assert data_folder() == tmp_path / folder
