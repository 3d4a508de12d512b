"""A table of the faults: what happened, whether the run survived, how soon, and whether its result was the same."""

from collections.abc import Callable

import pytest

ROWS: list[tuple[str, float, bool]] = []

Survived = Callable[[str, float, bool], None]


@pytest.fixture
def survived() -> Survived:
    """Enters a fault into the table, with the seconds to recover, and fails where the result is another."""

    def enter(fault: str, seconds: float, same: bool) -> None:
        ROWS.append((fault, seconds, same))
        assert same, f"{fault}: the result is another"

    return enter


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table."""
    if not ROWS:
        return
    width = max(len(fault) for fault, _, _ in ROWS)
    terminalreporter.section("faults")
    terminalreporter.write_line(f"{'fault':<{width}}  survived  seconds to recover  same result")
    for fault, seconds, same in ROWS:
        terminalreporter.write_line(
            f"{fault:<{width}}  {'yes':>8}  {seconds:>18.1f}  {'yes' if same else 'NO':>11}"
        )
