"""Why a run stopped, and the signal that it tells of."""

import pytest

from rayzc.runs import interrupted_by, signal_of


def test_a_signal_is_found_again() -> None:
    assert interrupted_by("SIGTERM") == "interrupted by SIGTERM"
    assert signal_of(interrupted_by("SIGTERM")) == "SIGTERM"


@pytest.mark.parametrize("stopped", ["", "time limit", "all searches ended", "was interrupted by SIGINT"])
def test_other_ends_have_none(stopped: str) -> None:
    assert signal_of(stopped) is None
