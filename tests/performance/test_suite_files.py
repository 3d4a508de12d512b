"""The reader's bounds, on files of a twentieth of the public size."""

from pathlib import Path

from tests.performance.suite_files import PROXIES, TASKS, measure, write_suite_files


def test_reading_stays_in_bounds(tmp_path: Path) -> None:
    """Full size takes 0.16 GB; the bound is 1.5 GB for all of it."""
    scores = write_suite_files(tmp_path, scale=0.05)
    figures = measure(tmp_path)
    assert figures["scores"] == scores
    assert figures["problems"] == sum(map(len, TASKS.values())) == 19
    assert scores > 0.05 * 1.5e6
    assert scores % len(PROXIES) == 0
    assert figures["peak_rss_gb"] < 0.5
