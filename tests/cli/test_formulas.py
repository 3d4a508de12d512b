"""Formulas as a user gives them."""

import json
import re
from pathlib import Path

import pytest

from rayzc.cli.formulas import read_formula
from rayzc.errors import FormulaError, RunError
from rayzc.formula import Formula

TEXT = "log(flops) + jacov / nwot"
HALL = json.dumps({"schema_version": 1, "best": [{"expression": TEXT}, {"expression": "flops"}], "front": []})


@pytest.mark.parametrize("text", [TEXT, f"  {TEXT} ", "-jacov", "2", "flops" + " + log(snip)" * 90])
def test_a_text(text: str) -> None:
    assert read_formula(text) == Formula.parse(text)


def test_a_formula_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(Formula.parse(TEXT).to_json({"origin": "a test"}))
    assert read_formula(str(path)) == Formula.parse(TEXT)


def test_a_hall_of_fame_and_a_run(tmp_path: Path) -> None:
    path = tmp_path / "hall_of_fame.json"
    path.write_text(HALL)
    assert read_formula(str(path)) == Formula.parse(TEXT)
    assert read_formula(str(tmp_path)) == Formula.parse(TEXT)
    assert read_formula(f"{tmp_path}/") == Formula.parse(TEXT)


def test_a_name_is_a_proxy_unless_a_folder_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_formula("runs") == Formula(("runs",))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "hall_of_fame.json").write_text(HALL)
    assert read_formula("runs") == Formula.parse(TEXT)


def test_a_run_without_a_hall_of_fame(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match=f"^{re.escape(str(tmp_path))}/hall_of_fame.json holds no hall of fame: "
    ):
        read_formula(str(tmp_path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    with pytest.raises(
        FormulaError,
        match=f"^{re.escape(str(path))}: there is no such file or folder, and it is not a formula$",
    ):
        read_formula(str(path))


@pytest.mark.parametrize(
    "given", ["mine.txt", "./mine", "../mine", "/nowhere/mine", "~/mine", "runs/first", "a/mine.json"]
)
def test_what_looks_like_a_path_is_not_taken_for_a_formula(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    message = f"{given}: there is no such file or folder, and it is not a formula"
    with pytest.raises(FormulaError, match=f"^{re.escape(message)}$"):
        read_formula(given)


def test_a_quotient_is_a_formula_where_no_folder_has_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_formula("jacov/nwot") == Formula.parse("jacov / nwot")
    (tmp_path / "jacov").mkdir()
    assert read_formula("jacov / nwot") == Formula.parse("jacov / nwot")


@pytest.mark.parametrize("name", ["mine.txt", "mine.json", "mine"])
@pytest.mark.parametrize("text", [TEXT, f"\n  {TEXT}\n\n"])
def test_a_file_with_the_text_of_a_formula(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_formula(str(path)) == Formula.parse(TEXT)


def test_the_folder_of_a_run_with_stages(tmp_path: Path) -> None:
    (tmp_path / "discovery").mkdir()
    (tmp_path / "discovery" / "hall_of_fame.json").write_text(HALL)
    assert read_formula(str(tmp_path)) == Formula.parse(TEXT)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"\xff\xfe", b'{"expression": "flops +"}', b'{"best": 3}', b"flops +"),
        *(b'{"a": 1}', b"# a comment", b"flops\njacov", b'{"expression": 3}'),
    ],
)
def test_a_file_without_a_formula_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises((FormulaError, RunError), match=f"^{re.escape(str(path))}"):
        read_formula(str(path))


def test_a_text_that_does_not_parse() -> None:
    with pytest.raises(FormulaError, match="cannot parse formula at position 8"):
        read_formula("flops +")
