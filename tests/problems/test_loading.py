from pathlib import Path

import pytest

from rayzc.errors import SuiteError
from rayzc.formula import is_proxy_name
from rayzc.problems import NAMED_SUITES, Suite, load_suite, suite_warnings, write_suite
from tests.problems.samples import entry, identical, problem, suite, write_json


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


def test_a_suite_is_read_once_until_its_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    write_suite(suite(), path)
    loaded = load_suite(path)
    assert load_suite(path) is loaded
    write_suite(suite().select(suite().names[:1]), path)
    assert load_suite(path).names == suite().names[:1]
    write_json(tmp_path / "zc_own.json", {"t": table("a", "b")})
    assert load_suite(tmp_path).names == ("own/t",)
    write_json(tmp_path / "zc_other.json", {"t": table("a", "b")})
    assert load_suite(tmp_path).names == ("other/t", "own/t")


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


def test_unknown_name_that_is_near_to_none(data: Path) -> None:
    with pytest.raises(SuiteError, match=r"^'cifar' is neither .*; known: mini-13, nbsz-13$"):
        load_suite("cifar")


def test_named_suite_that_was_not_fetched(data: Path) -> None:
    with pytest.raises(SuiteError) as error:
        load_suite("nbsz-13")
    assert str(error.value) == (
        "suite nbsz-13 is not on this machine yet: run `rayzc suite fetch nbsz-13`; where it cannot be downloaded, "
        "put zc_nasbench101.json, zc_nasbench201.json, zc_nasbench301.json, zc_transbench101_macro.json, "
        f"zc_transbench101_micro.json into {data}/suites/nbsz-13 first; meanwhile, everything runs on the suite that "
        "comes with rayzc: --suite mini-13"
    )


def test_named_suite(data: Path) -> None:
    NAMED_SUITES["nbsz-13"].path.parent.mkdir(parents=True)
    write_suite(suite(), NAMED_SUITES["nbsz-13"].path)
    assert identical(load_suite("nbsz-13"), suite())


BAD_NAMES = ("log", "max", "jacob-cov", "val acc", "1x", "")


def test_names_that_no_formula_can_write_are_warned_of_and_can_be_renamed() -> None:
    whole = suite(problem(rows=20, proxies=("jacov", "jacob_cov", *BAD_NAMES)))
    warnings = suite_warnings(whole, is_proxy_name)
    renames = {
        "": ("unnamed", "=unnamed"),
        "1x": ("proxy_1x", "1x=proxy_1x"),
        "jacob-cov": ("jacob_cov_proxy", "jacob-cov=jacob_cov_proxy"),  # jacob_cov is taken
        "log": ("log_proxy", "log=log_proxy"),
        "max": ("max_proxy", "max=max_proxy"),
        "val acc": ("val_acc", "'val acc=val_acc'"),
    }
    assert warnings == tuple(
        f"proxy '{old}' cannot be written in a formula, where a name is letters, digits and _, and not that of a "
        f"function; rename it: --rename {option}, in Python suite.renamed({{{old!r}: {new!r}}})"
        for old, (new, option) in renames.items()
    )
    renamed = whole.renamed({old: new for old, (new, _) in renames.items()})
    assert suite_warnings(renamed, is_proxy_name) == ()


def test_small_problems_are_warned_of() -> None:
    small = suite(problem(rows=2), problem("svhn", rows=10), problem("jigsaw", rows=1))
    assert suite_warnings(small) == suite_warnings(small, is_proxy_name)
    two, one = suite_warnings(small)
    assert two == (
        "problem own/cifar10 has 2 networks; on fewer than 10, a rank correlation says little, and it counts as much "
        "in the mean as any other; leave it out: --leave-out own/cifar10"
    )
    assert one.startswith("problem own/jigsaw has 1 network; ")


def test_the_real_suite_needs_no_warning(real_suite: Suite) -> None:
    assert suite_warnings(real_suite, is_proxy_name) == ()
