from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from rayzc.errors import SuiteError
from rayzc.problems import NAMED_SUITES, NamedSuite, Suite, data_folder
from rayzc.problems.names import named_suite


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


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", None, ".cache/rayzc"),
        ("linux", "XDG_CACHE_HOME", "given/rayzc"),
        ("darwin", None, "Library/Caches/rayzc"),
        ("win32", None, "AppData/Local/rayzc"),
        ("win32", "LOCALAPPDATA", "given/rayzc"),
    ],
)
def test_data_folder_by_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, variable: str | None, folder: str
) -> None:
    for name in ("RAYZC_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "given"))
    assert data_folder() == tmp_path / folder
