"""Times as people write them."""

import re

import pytest

from rayzc.cli.durations import clock, seconds
from rayzc.errors import RunError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("3m", 180.0),
        ("1h30m", 5400.0),
        ("1h 30m 5s", 5405.0),
        ("0.5h", 1800.0),
        ("1.5", 1.5),
        ("2m30", 150.0),
        (" 7s ", 7.0),
        ("0", 0.0),
    ],
)
def test_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "m",
        "3x",
        "3M",
        "-3m",
        "+3m",
        "1e3",
        "3m!",
        "1:30",
        "inf",
        "nan",
        "three minutes",
        ".5",
        "5 m3 x",
    ],
)
def test_what_is_not_a_duration(text: str) -> None:
    message = f"'{text}' is not a duration: write 90s, 3m or 1h30m"
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        seconds(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0:00"),
        (0.99, "0:00"),
        (59.9, "0:59"),
        (60, "1:00"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (90_061, "25:01:01"),
    ],
)
def test_clock(duration: float, text: str) -> None:
    assert clock(duration) == text
