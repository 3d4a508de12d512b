"""A table of the faults: what happened, whether the run survived, how soon, and whether its result was the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rayzc.cluster import discover
from rayzc.options import Limits
from rayzc.problems import Suite, write_suite
from tests.cluster.faults.drivers import EPOCHS, SETTINGS

ROWS: list[tuple[str, float, bool]] = []

Survived = Callable[[str, float, bool], None]


@pytest.fixture
def survived() -> Survived:
    """Enters a fault into the table, with the seconds to recover, and fails where the result is another."""

    def enter(fault: str, seconds: float, same: bool) -> None:
        ROWS.append((fault, seconds, same))
        assert same, f"{fault}: the result is another"

    return enter


@pytest.fixture(scope="session")
def suite(small_suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "small.parquet"
    write_suite(small_suite, path)
    return path


@pytest.fixture(scope="session")
def expected(suite: Path, ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The hall of fame of the run that is left in peace."""
    out = tmp_path_factory.mktemp("expected") / "run"
    discover(suite, settings=SETTINGS, limits=Limits(epochs=EPOCHS), workers=4, out=out)
    return (out / "hall_of_fame.json").read_bytes()


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
