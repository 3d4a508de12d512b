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
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"expression": "flops +"}', b'{"best": 3}']
)
def test_a_file_without_a_formula(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises((FormulaError, RunError)):
        read_formula(str(path))


def test_a_text_that_does_not_parse() -> None:
    with pytest.raises(FormulaError, match="cannot parse formula at position 8"):
        read_formula("flops +")
