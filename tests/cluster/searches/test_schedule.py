"""When the searches of a limited run end."""

import pytest

from rayzc.cluster.searches.trial import Schedule

TRIALS = tuple((name, 0) for name in "abcde")


def test_searches_that_begin_together_share_the_time_with_those_that_wait() -> None:
    schedule = Schedule(TRIALS, at_once=2, deadline=160.0)
    assert schedule.end_of(("a", 0), 100.0) == schedule.end_of(("b", 0), 100.0) == 120.0
    assert schedule.end_of(("c", 0), 120.0) == 140.0
    assert schedule.end_of(("e", 0), 140.0) == 160.0


def test_all_searches_have_all_the_time_if_all_run_at_once() -> None:
    schedule = Schedule(TRIALS, at_once=5, deadline=160.0)
    assert {schedule.end_of(trial, 100.0) for trial in TRIALS} == {160.0}


def test_what_an_early_end_leaves_is_for_those_that_follow() -> None:
    schedule = Schedule(TRIALS, at_once=2, deadline=160.0)
    assert schedule.end_of(("c", 0), 104.0) == pytest.approx(132.0)


def test_a_search_that_begins_after_the_deadline_ends_at_once() -> None:
    assert Schedule(TRIALS, at_once=2, deadline=160.0).end_of(("a", 0), 170.0) < 170.0
