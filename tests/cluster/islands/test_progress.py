"""When a discovery stops: at the same epoch, whatever is lost on the way."""

from dataclasses import replace

import pytest

from rayzc.cluster.islands.progress import ProgressTracker
from rayzc.cluster.islands.workers import Report
from rayzc.evolution import Individual, Island
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


@pytest.mark.parametrize(
    ("limits", "ending"),
    [
        (Limits(epochs=2), Ending(Reason.EPOCHS)),
        (Limits(epochs=1), Ending(Reason.EPOCHS)),
        (Limits(evaluations=60), Ending(Reason.EVALUATIONS)),
        (Limits(epochs=3), None),
        (Limits(evaluations=61), None),
        (Limits(plateau=1), None),
    ],
)
def test_a_run_that_met_its_limit_before_has_nothing_left_to_do(
    limits: Limits, ending: Ending | None
) -> None:
    tracker = ProgressTracker(limits, before=0.0)
    population = (BEST,)
    tracker.restored([Island(index, 2, population, population, 30) for index in range(2)])
    assert tracker.stop(2) == (None if ending is None else (2, ending))


def test_a_plateau_goes_on_where_it_was() -> None:
    """A run that is resumed ends at the epoch at which it would have ended without a break."""
    whole = ProgressTracker(Limits(plateau=3), before=0.0)
    for epoch, objective in enumerate((0.4, 0.5, 0.5, 0.5, 0.5)):
        whole.add(report(0, epoch, objective))
    assert whole.stop(4) == (4, Ending(Reason.PLATEAU))
    assert [whole.improved(epoch) for epoch in range(5)] == [0, 1, 1, 1, 1]
    population = (BEST,)
    resumed = ProgressTracker(Limits(plateau=3), before=0.0)
    resumed.restored([Island(0, 3, population, population, 40)], improved=1)
    assert resumed.stop(3) is None
    resumed.add(report(0, 4))
    assert resumed.stop(4) == (4, Ending(Reason.PLATEAU))


def test_folds_count_but_best_and_front_are_those_of_the_run() -> None:
    tracker = ProgressTracker(Limits(evaluations=30), before=0.0, folds=(1, 1))
    for island, objective in enumerate([0.4, 0.5, 0.9]):
        tracker.add(report(island, 0, objective))
    assert tracker.stop(0) == (0, Ending(Reason.EVALUATIONS))
    assert tracker._best is not None
    assert tracker._best.objective == 0.4
    assert [[front[0].objective for front in fold] for fold in tracker.fold_fronts] == [[0.5], [0.9]]
    restored = ProgressTracker(Limits(plateau=9), before=0.0, folds=(1,))
    populations = [replace(BEST, objective=objective) for objective in (0.3, 0.8)]
    restored.restored([Island(0, 4, (best,), (best,), 7) for best in populations])
    assert restored._gains == [(4, 0.3)]
    assert restored.fold_fronts == [[(populations[1],)]]
