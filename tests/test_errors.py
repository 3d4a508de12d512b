"""What the texts of errors are made of."""

import pytest

from rayzc.errors import counted, first_line


@pytest.mark.parametrize(
    ("count", "singular", "plural", "text"),
    [
        (0, "problem", None, "0 problems"),
        (1, "problem", None, "1 problem"),
        (2000, "problem", None, "2,000 problems"),
        (1, "search", "searches", "1 search"),
        (3, "search", "searches", "3 searches"),
    ],
)
def test_counted(count: int, singular: str, plural: str | None, text: str) -> None:
    assert counted(count, singular, plural) == text


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one line"), "one line"),
        (ValueError("\n \n  the first \n the second"), "the first"),
        (ValueError(), "ValueError"),
        (KeyboardInterrupt(" \n"), "KeyboardInterrupt"),
    ],
)
def test_first_line(error: BaseException, line: str) -> None:
    assert first_line(error) == line
