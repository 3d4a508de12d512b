"""The table of speeds grows by a column for each version."""

import json
from pathlib import Path

import pytest

from tests.performance.record import NUMBERS, PAGE, column_of, record, table

ROWS = [
    {"name": "tau", "unit": "us", "ours": 2.0, "peer": 20.0, "ratio": 10.0},
    {"name": "throughput", "skipped": "the suite is absent"},
]


def test_a_column_for_each_version(tmp_path: Path) -> None:
    numbers, page = tmp_path / "bench.json", tmp_path / "bench.md"
    page.write_text("# Speed\n")
    record(ROWS, "0.2.0", numbers, page)
    record([ROWS[0] | {"ratio": 11.0}], "0.3.0", numbers, page)
    record([ROWS[0] | {"ratio": 12.0}, ROWS[0] | {"name": "other"}], "0.3.0", numbers, page)
    text = page.read_text()
    assert text.startswith("# Speed\n<!-- bench: ")
    assert "| benchmark | 0.2.0 | 0.3.0 |" in text
    assert "| tau | 10 (2 us) | 12 (2 us) |" in text
    assert "| other |  | 10 (2 us) |" in text
    assert text.count("<!-- bench: ") == 1


@pytest.mark.parametrize(
    ("version", "column"),
    [("0.2.0", "0.2.0"), ("0.2.1.dev12", "before 0.2.1"), ("0.dev0", "development")],
)
def test_what_a_column_is_called(version: str, column: str) -> None:
    assert column_of(version) == column


def test_the_page_is_that_of_the_numbers() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(table(json.loads(NUMBERS.read_text(encoding="utf-8"))))
