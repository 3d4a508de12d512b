from pathlib import Path

import pytest

from rayzc.errors import SuiteError
from rayzc.problems import NAMED_SUITES, load_suite, write_suite
from tests.problems.samples import entry, identical, suite, write_json


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, and a working folder without surprises."""
    folder = tmp_path / "data"
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("RAYZC_DATA", str(folder))
    monkeypatch.chdir(work)
    return folder


def table(*architectures: str) -> dict[str, object]:
    return {architecture: entry(90.0 + i, flops=1.0 + i) for i, architecture in enumerate(architectures)}


def test_parquet_file(tmp_path: Path) -> None:
    write_suite(suite(), tmp_path / "s.parquet")
    assert identical(load_suite(tmp_path / "s.parquet"), suite())
    assert identical(load_suite(str(tmp_path / "s.parquet")), suite())


def test_parquet_by_any_name(tmp_path: Path) -> None:
    write_suite(suite(), tmp_path / "bytes")
    assert load_suite(tmp_path / "bytes").name == "small"


def test_one_json_file(tmp_path: Path) -> None:
    write_json(tmp_path / "zc_own.json", {"t": table("a", "b")})
    loaded = load_suite(tmp_path / "zc_own.json")
    assert loaded.name == "own"
    assert loaded.names == ("own/t",)
    assert loaded.metadata["origin"] == "zc_own.json"
    assert loaded.metadata["dropped_without_accuracy"] == "0"
    assert len(loaded.metadata["date"]) == len("2026-01-01T00:00:00Z")


def test_folder_gives_all_tasks_in_order(tmp_path: Path) -> None:
    write_json(tmp_path / "zc_b.json", {"z": table("a"), "y": table("a")})
    write_json(
        tmp_path / "zc_a.json", {"x": table("a"), "w": {"a": entry(None, flops=1.0), "b": entry(flops=2.0)}}
    )
    write_json(tmp_path / "notes.json", {"not": "a suite"})
    loaded = load_suite(tmp_path)
    assert loaded.name == tmp_path.name
    assert loaded.names == ("a/w", "a/x", "b/y", "b/z")
    assert loaded.metadata["origin"] == "zc_a.json, zc_b.json"
    assert loaded.metadata["dropped_without_accuracy"] == "1"


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as error:
        load_suite(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: the folder holds no zc_<space>.json file; give the folder of the suite's JSON files"
    )


def test_problem_in_two_files(tmp_path: Path) -> None:
    write_json(tmp_path / "zc_a.json", {"t": table("x")})
    write_json(tmp_path / "zc_b.json", {"a": {"t": table("x")}})
    with pytest.raises(SuiteError) as error:
        load_suite(tmp_path)
    assert str(error.value) == "problem a/t is both in zc_a.json and in zc_b.json; remove one of the files"


@pytest.mark.parametrize("name", ["gone.parquet", "zc_gone.json", "somewhere/else", "./nbsz-13"])
def test_missing_path(data: Path, name: str) -> None:
    with pytest.raises(SuiteError) as error:
        load_suite(name)
    assert str(error.value) == f"{Path(name)}: no such file or folder"


def test_unknown_name(data: Path) -> None:
    with pytest.raises(SuiteError) as error:
        load_suite("nbsz13")
    assert str(error.value) == (
        "'nbsz13' is neither a file, nor a folder, nor a named suite; did you mean 'nbsz-13'?"
    )


def test_named_suite_that_was_not_fetched(data: Path) -> None:
    with pytest.raises(SuiteError) as error:
        load_suite("nbsz-13")
    assert str(error.value) == (
        "suite nbsz-13 is not on this machine yet: run `rayzc suite fetch nbsz-13`; where it cannot be downloaded, "
        "put zc_nasbench101.json, zc_nasbench201.json, zc_nasbench301.json, zc_transbench101_macro.json, "
        f"zc_transbench101_micro.json into {data}/suites/nbsz-13 first"
    )


def test_named_suite(data: Path) -> None:
    NAMED_SUITES["nbsz-13"].path.parent.mkdir(parents=True)
    write_suite(suite(), NAMED_SUITES["nbsz-13"].path)
    assert identical(load_suite("nbsz-13"), suite())
