"""When a discovery stops: at the same epoch, whatever is lost on the way."""

from dataclasses import replace

import pytest

from rayzc.cluster.islands.progress import ProgressTracker
from rayzc.cluster.islands.workers import Report
from rayzc.evolution import Individual
from rayzc.options import Limits
from rayzc.runs import Ending, Reason

BEST = Individual(("flops",), (0.5,), 0.5, 1)


def report(island: int, epoch: int, objective: float = 0.5) -> Report:
    best = replace(BEST, objective=objective)
    return Report(
        island=island,
        epoch=epoch,
        best=best,
        front=(best,),
        evaluations=10 * (epoch + 1),
        scored=10,
        known=0,
        seconds=0.0,
    )


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(epochs=2), Reason.EPOCHS),
        (Limits(evaluations=60), Reason.EVALUATIONS),
        (Limits(plateau=2), Reason.PLATEAU),
    ],
)
def test_a_limit_that_was_met_is_met_again_after_islands_were_lost(limits: Limits, reason: Reason) -> None:
    tracker = ProgressTracker(limits, before=0.0)
    for epoch in range(3):
        for island in range(2):
            tracker.add(report(island, epoch))
    assert tracker.stop(2) == (2, Ending(reason))
    # The islands were lost as they were fetched, and go back to the start.
    assert [tracker.stop(epoch) for epoch in (-1, 0, 1)] == [None, None, None]
    for island in range(2):
        tracker.add(report(island, 3))
    assert [tracker.stop(epoch) for epoch in (2, 3)] == [(2, Ending(reason))] * 2


def test_without_a_limit_of_epochs_time_ends_it_at_the_epoch_that_all_have_reached() -> None:
    tracker = ProgressTracker(Limits(time_limit=5.0), before=10.0)
    assert tracker.stop(-1) is None
    for island in range(2):
        tracker.add(report(island, 0))
    assert tracker.stop(0) == (0, Ending(Reason.TIME_LIMIT))
