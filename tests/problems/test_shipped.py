"""The suites that come with rayzc: found by name, built from their specification, in what is installed."""

from pathlib import Path

import numpy as np
import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from rayzc.errors import SuiteError
from rayzc.problems import (
    DEFAULT_SUITE,
    NAMED_SUITES,
    SHIPPED_SUITES,
    ShippedSuite,
    benchmark_of,
    load_suite,
    read_spec,
    write_suite,
)
from tests.problems.samples import suite as small_suite

ROOT = Path(__file__).parent.parent.parent
MINI = SHIPPED_SUITES["mini-13"]
FILE = MINI.path
SPEC = read_spec(MINI.specification)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the package looks for what it ships, in place of its own folder: nothing is there yet."""
    monkeypatch.setattr("rayzc.problems.named._PACKAGE", tmp_path)
    (tmp_path / "suites").mkdir()
    return tmp_path / "suites"


def test_the_default_comes_with_rayzc() -> None:
    assert DEFAULT_SUITE in SHIPPED_SUITES
    assert not SHIPPED_SUITES.keys() & NAMED_SUITES.keys()


@pytest.mark.parametrize("shipped", SHIPPED_SUITES.values(), ids=lambda shipped: shipped.name)
def test_a_suite_is_found_by_name(
    shipped: ShippedSuite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert SHIPPED_SUITES[shipped.name] is shipped
    assert shipped.description
    assert load_suite(shipped.name).name == shipped.name
    assert read_spec(shipped.specification).name == shipped.name


def test_mini_13_is_built_from_its_specification() -> None:
    suite = load_suite("mini-13")
    assert sorted(suite.names) == sorted(f"{space}/{task}" for space, task in SPEC.problems)
    assert len(suite) == 13
    assert suite.benchmark is not None
    assert suite.benchmark.fingerprint == benchmark_of(SPEC).fingerprint
    for problem in suite.problems:
        assert sorted(problem.architectures) == sorted(SPEC.networks(problem.space))
        assert problem.ceiling is not None


def test_mini_13_is_small() -> None:
    assert MINI.path.stat().st_size <= 3_000_000


def test_a_file_in_the_working_folder_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    write_suite(small_suite(), tmp_path / "mini-13")
    assert load_suite("mini-13").name == small_suite().name


def test_one_that_is_altered_is_refused(folder: Path) -> None:
    content = bytearray(FILE.read_bytes())
    content[len(content) // 2] ^= 1
    (folder / FILE.name).write_bytes(content)
    with pytest.raises(SuiteError, match=r"mini-13\.parquet"):
        load_suite("mini-13")


def test_one_that_is_missing(folder: Path) -> None:
    with pytest.raises(SuiteError) as error:
        load_suite("mini-13")
    path = folder / "mini-13.parquet"
    assert str(error.value) == f"suite mini-13 comes with rayzc, but {path} is missing: install rayzc again"


@pytest.mark.parametrize("builder", [WheelBuilder, SdistBuilder])
def test_what_is_built_has_them(builder: type[WheelBuilder | SdistBuilder]) -> None:
    built = {file.path for file in builder(str(ROOT)).recurse_included_files()}
    for shipped in SHIPPED_SUITES.values():
        for path in (shipped.path, shipped.specification):
            assert str(path) in built


def test_the_documentation_has_the_table_of_the_suite() -> None:
    suite = load_suite(DEFAULT_SUITE)
    text = (Path(__file__).parents[2] / "docs" / "suites.md").read_text(encoding="utf-8")
    for problem in suite.problems:
        accuracy = np.sort(problem.accuracy)
        numbers = (accuracy[0], np.median(accuracy), accuracy[-1], problem.ceiling)
        row = " | ".join(f"{number:.3f}" for number in numbers)
        assert f"| {problem.name} | {len(problem)} | {row} |\n" in text
