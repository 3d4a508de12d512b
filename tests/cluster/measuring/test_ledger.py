"""The ledger: every request answered once, nothing measured twice, clients in turn, failures that end."""

import numpy as np
import pytest

from rayzc.cluster.measuring.ledger import MAX_DEATHS, Job, Ledger, Target
from rayzc.measurement import Measurement
from tests.cluster.measuring.ledgers import collect, scored, taken, target


def work_off(ledger: Ledger) -> list[Job]:
    done = []
    while (job := ledger.take()) is not None:
        ledger.finish(job, scored(job))
        done.append(job)
    return done


def test_a_request_becomes_a_job_and_then_an_answer() -> None:
    ledger = Ledger()
    ledger.ask("a", 7, target("x"), ("p", "q"))
    assert ledger.outstanding("a") == ledger.outstanding() == 1
    job = taken(ledger)
    assert (job.target, job.proxies) == (target("x"), ["p", "q"])
    assert ledger.take() is None
    assert collect(ledger, "a") == []
    ledger.finish(
        job, Measurement({"p": 1.0}, {"q": "no labels"}, 2.5, ("in two parts",), passes={"forward": 1})
    )
    ((number, measurement),) = collect(ledger, "a")
    assert number == 7
    assert measurement == Measurement(
        {"p": 1.0}, {"q": "no labels"}, 2.5, ("in two parts",), cached=False, passes={"forward": 1}
    )
    assert collect(ledger, "a") == []
    assert ledger.outstanding() == 0


def test_an_answer_is_kept_until_it_was_received() -> None:
    ledger = Ledger({target("x"): {"p": 4.0}})
    ledger.ask("a", 3, target("x"), ("p",))
    ledger.ask("a", 4, target("x"), ("p",))
    assert [number for number, _ in ledger.answers("a")] == [3, 4]
    ledger.confirm("a", [3])
    assert [number for number, _ in ledger.answers("a")] == [4]
    ledger.confirm("a", [3, 4])
    assert ledger.answers("a") == []


def test_what_is_under_way_is_joined() -> None:
    ledger = Ledger()
    ledger.ask("a", 0, target("x"), ("p",))
    job = taken(ledger)
    ledger.ask("a", 1, target("x"), ("p",))
    ledger.ask("b", 0, target("x"), ("p",))
    assert ledger.take() is None
    ledger.finish(job, Measurement({"p": 1.0}, seconds=1.0))
    assert [number for number, _ in collect(ledger, "a")] == [0, 1]
    assert [measurement.scores for _, measurement in collect(ledger, "b")] == [{"p": 1.0}]
    assert ledger.counts == {"measured": 1, "joined": 2}


def test_what_is_known_is_not_measured() -> None:
    ledger = Ledger({target("x"): {"p": 4.0}})
    ledger.ask("a", 0, target("x"), ("p",))
    assert collect(ledger, "a") == [(0, Measurement({"p": 4.0}, seconds=0.0, cached=True))]
    assert ledger.take() is None
    assert ledger.counts == {"cached": 1}


@pytest.mark.parametrize("other", [target("y"), target("x", seed=1), target("x")._replace(batch="other")])
def test_other_networks_seeds_and_images_are_others(other: Target) -> None:
    ledger = Ledger({target("x"): {"p": 4.0}})
    ledger.ask("a", 0, other, ("p",))
    assert taken(ledger).target == other


def test_only_the_missing_proxies_are_measured() -> None:
    ledger = Ledger({target("x"): {"p": 4.0}})
    ledger.ask("a", 0, target("x"), ("p", "q"))
    job = taken(ledger)
    assert job.proxies == ["q"]
    ledger.ask("a", 1, target("x"), ("r", "q"))
    other = taken(ledger)
    assert other.proxies == ["r"]
    ledger.finish(other, Measurement({"r": 6.0}, seconds=1.0))
    assert collect(ledger, "a") == []
    ledger.finish(job, Measurement({"q": 5.0}, seconds=1.0))
    answers = dict(collect(ledger, "a"))
    assert answers[0].scores == {"p": 4.0, "q": 5.0}
    assert answers[1].scores == {"r": 6.0, "q": 5.0}
    assert list(answers[1].scores) == ["r", "q"]
    assert (answers[0].seconds, answers[1].seconds) == (1.0, 2.0)
    assert not answers[0].cached
    assert not answers[1].cached


def test_proxies_join_a_job_that_waits() -> None:
    ledger = Ledger()
    ledger.ask("a", 0, target("x"), ("p",))
    ledger.ask("b", 0, target("x"), ("q", "p"))
    job = taken(ledger)
    assert job.proxies == ["p", "q"]
    assert ledger.take() is None
    ledger.finish(job, Measurement({"p": 1.0, "q": 2.0}, seconds=1.0))
    ((_, first),), ((_, second),) = collect(ledger, "a"), collect(ledger, "b")
    assert first.scores == {"p": 1.0}
    assert list(second.scores) == ["q", "p"]


def test_clients_take_turns() -> None:
    ledger = Ledger()
    for number in range(100):
        ledger.ask("many", number, target(f"m{number}"), ("p",))
    for number in range(3):
        ledger.ask("few", number, target(f"f{number}"), ("p",))
    ledger.ask("one", 0, target("o"), ("p",))
    order = [job.target.architecture for job in work_off(ledger)]
    assert len(order) == 104
    assert {"f0", "f1", "f2", "o"} <= set(order[:8])
    assert [name for name in order if name.startswith("m")] == [f"m{number}" for number in range(100)]


def test_who_joins_does_not_wait_for_the_others_queue() -> None:
    ledger = Ledger()
    for number in range(100):
        ledger.ask("many", number, target(f"m{number}"), ("p",))
    ledger.ask("few", 0, target("m99"), ("p",))
    first = [taken(ledger).target.architecture for _ in range(2)]
    assert set(first) == {"m0", "m99"}
    assert len(work_off(ledger)) == 98


def test_a_job_that_was_lost_is_next_and_answered_once() -> None:
    ledger = Ledger()
    for number, name in enumerate("xyz"):
        ledger.ask("a", number, target(name), ("p",))
    job = taken(ledger)
    ledger.put_back(job)
    assert taken(ledger) is job
    ledger.died(job, "killed")
    assert [done.target.architecture for done in work_off(ledger)] == ["x", "y", "z"]
    assert sorted(number for number, _ in collect(ledger, "a")) == [0, 1, 2]
    assert ledger.counts["measured"] == 3


def test_a_network_that_ends_its_workers_is_given_up_and_remembered() -> None:
    ledger = Ledger({target("x"): {"q": 3.0}})
    ledger.ask("a", 0, target("x"), ("p", "q"))
    for _ in range(MAX_DEATHS):
        ledger.died(taken(ledger), "SIGKILL")
    assert ledger.take() is None
    ((_, given_up),) = collect(ledger, "a")
    assert given_up.scores == {"q": 3.0}
    assert given_up.failures == {"p": "its worker died 3 times, so it was given up: SIGKILL"}
    ledger.ask("b", 0, target("x"), ("p",))
    assert ledger.take() is None
    assert collect(ledger, "b") == [(0, Measurement({}, given_up.failures, cached=True))]
    assert ledger.counts == {"failed": 1, "cached": 1}


def test_machines_that_go_are_no_fault_of_a_network() -> None:
    ledger = Ledger()
    ledger.ask("a", 0, target("x"), ("p",))
    for _ in range(10):
        ledger.put_back(taken(ledger))
    assert [job.deaths for job in work_off(ledger)] == [0]
    assert len(collect(ledger, "a")) == 1


def test_what_only_a_client_that_left_wanted_is_not_measured() -> None:
    ledger = Ledger()
    for number, name in enumerate("wxyz"):
        ledger.ask("a", number, target(name), ("p",))
    ledger.ask("b", 0, target("y"), ("p",))
    running = taken(ledger)
    ledger.leave("a")
    assert ledger.outstanding() == 1
    assert [job.target.architecture for job in work_off(ledger)] == ["y"]
    assert len(collect(ledger, "b")) == 1
    ledger.finish(running, scored(running))
    ledger.ask("b", 1, running.target, ("p",))
    ((_, known),) = collect(ledger, "b")
    assert known.scores == scored(running).scores
    assert known.cached


def test_a_lost_job_that_nobody_waits_for_is_dropped() -> None:
    ledger = Ledger()
    ledger.ask("a", 0, target("x"), ("p",))
    job = taken(ledger)
    ledger.leave("a")
    ledger.put_back(job)
    assert ledger.take() is None
    ledger.ask("b", 0, target("x"), ("p",))
    assert taken(ledger) is not job


def test_leaving_twice_or_unknown_is_nothing() -> None:
    ledger = Ledger()
    ledger.leave("nobody")
    assert collect(ledger, "nobody") == []
    ledger.confirm("nobody", [1])
    assert ledger.outstanding("nobody") == 0


@pytest.mark.parametrize("seed", range(20))
def test_every_request_is_answered_once_whatever_happens(seed: int) -> None:
    """Random requests, finishes, losses and deaths: no cell is scored twice, and every answer is the right one."""
    rng = np.random.default_rng(seed)
    ledger = Ledger()
    asked: dict[tuple[str, int], tuple[Target, tuple[str, ...]]] = {}
    answered: dict[tuple[str, int], dict[str, float]] = {}
    running: list[Job] = []
    cells: list[tuple[Target, str]] = []

    def collect_all() -> None:
        for client in "abc":
            for number, measurement in collect(ledger, client):
                assert (client, number) not in answered
                assert not measurement.cached or measurement.seconds == 0
                assert measurement.scores.keys().isdisjoint(measurement.failures)
                answered[client, number] = {
                    **measurement.scores,
                    **dict.fromkeys(measurement.failures, -1.0),
                }

    while len(answered) < 150:
        event = rng.choice(["ask", "take", "finish", "lose", "die", "collect"])
        if event == "ask" and len(asked) < 150:
            key = (str(rng.choice(list("abc"))), len(asked))
            proxies = tuple(rng.choice(list("pqrs"), size=rng.integers(1, 4), replace=False).tolist())
            asked[key] = (target(f"x{rng.integers(30)}"), proxies)
            ledger.ask(*key, *asked[key])
        elif event == "take" and (job := ledger.take()) is not None:
            running.append(job)
        elif event == "collect":
            collect_all()
        elif running and event in ("finish", "lose", "die"):
            job = running.pop(int(rng.integers(len(running))))
            if event == "finish":
                cells += [(job.target, name) for name in job.proxies]
                ledger.finish(job, scored(job))
            elif event == "lose":
                ledger.put_back(job)
            else:
                ledger.died(job, "killed")
    assert len(cells) == len(set(cells))
    assert answered.keys() == asked.keys()
    failed = 0
    for key, (what, proxies) in asked.items():
        right = scored(Job(what, list(proxies))).scores
        assert answered[key].keys() == right.keys()
        failed += any(score == -1.0 for score in answered[key].values())
        assert all(score in (right[name], -1.0) for name, score in answered[key].items())
    assert (failed > 0) == (ledger.counts["failed"] > 0)
    assert ledger.outstanding() == 0
