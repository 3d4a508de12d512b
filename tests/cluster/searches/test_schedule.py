"""When the searches of a limited run end, whatever is done to the clocks."""

import time

import pytest

from rayzc.cluster.searches import schedule
from rayzc.cluster.searches.schedule import Deadline, Schedule

TRIALS = tuple((name, 0) for name in "abcde")
DEADLINE = 160.0


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What the clocks of this machine show."""
    clocks = {"steady": 100.0, "date": 1e9}
    monkeypatch.setattr(time, "monotonic", lambda: clocks["steady"])
    monkeypatch.setattr(time, "time", lambda: clocks["date"])
    monkeypatch.setattr(schedule, "_boot", lambda: "this boot")
    return clocks


def ends(trial: str, at_once: int, clocks: dict[str, float]) -> float:
    """When a search ends that begins now."""
    deadline = Deadline("this boot", DEADLINE, 1e9 + 60)
    return clocks["steady"] + Schedule(TRIALS, at_once, deadline).seconds_for((trial, 0))


def test_searches_that_begin_together_share_the_time_with_those_that_wait(at: dict[str, float]) -> None:
    assert ends("a", 2, at) == ends("b", 2, at) == 120.0
    at["steady"] = 120.0
    assert ends("c", 2, at) == 140.0
    at["steady"] = 140.0
    assert ends("e", 2, at) == 160.0


def test_all_searches_have_all_the_time_if_all_run_at_once(at: dict[str, float]) -> None:
    assert {ends(name, 5, at) for name, _ in TRIALS} == {160.0}


def test_what_an_early_end_leaves_is_for_those_that_follow(at: dict[str, float]) -> None:
    at["steady"] = 104.0
    assert ends("c", 2, at) == pytest.approx(132.0)


def test_a_search_that_begins_after_the_deadline_ends_at_once(at: dict[str, float]) -> None:
    at["steady"] = 170.0
    assert ends("a", 2, at) < 170.0


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_the_clock_of_this_machine_may_be_set(at: dict[str, float], step: float) -> None:
    deadline = Deadline.in_(60)
    at["date"] += step
    at["steady"] += 10
    assert deadline.left == 50


@pytest.mark.parametrize("other", ["another boot", None])
def test_another_machine_goes_by_the_date(
    at: dict[str, float], monkeypatch: pytest.MonkeyPatch, other: str | None
) -> None:
    deadline = Deadline.in_(60)
    monkeypatch.setattr(schedule, "_boot", lambda: other)
    at["steady"] = 7.0
    at["date"] += 10
    assert deadline.left == 50


def test_a_machine_that_does_not_say_what_it_is_goes_by_the_date(
    at: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_boot", lambda: None)
    deadline = Deadline.in_(60)
    at["date"] += 10
    assert deadline.left == 50
