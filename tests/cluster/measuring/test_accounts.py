"""Workers are shared by time: which client is next, and how much a slow client delays the others."""

import pytest

from rayzc.cluster.measuring.ledger import Job, Ledger
from tests.cluster.measuring.ledgers import collect, scored, taken, target


def test_workers_are_shared_by_time_not_by_jobs() -> None:
    """Of two workers, one client's slow networks get no more than the other clients' quick ones."""
    ledger = Ledger()
    spent = dict.fromkeys(("slow", "a", "b"), 0.0)
    cost = {"slow": 10.0, "a": 1.0, "b": 1.0}
    for client in spent:
        for number in range(200):
            ledger.ask(client, number, target(f"{client}{number}"), ("p",))
    running: list[tuple[float, str, Job]] = []
    now = 0.0
    while now < 60:
        while len(running) < 2:
            job = taken(ledger)
            client = job.target.architecture.rstrip("0123456789")
            running.append((now + cost[client], client, job))
        running.sort(key=lambda entry: entry[0])
        now, client, job = running.pop(0)
        spent[client] += cost[client]
        ledger.finish(job, scored(job, cost[client]))
    assert 30 <= spent["slow"] <= 50
    assert all(35 <= spent[client] <= 50 for client in "ab")


def test_an_owner_has_one_part_however_many_ask_for_it() -> None:
    ledger = Ledger()
    for number in range(30):
        ledger.ask(f"one-{number}", 0, target(f"m{number}"), ("p",), owner="one")
        ledger.ask("other", number, target(f"o{number}"), ("p",))
    first = []
    for _ in range(20):
        job = taken(ledger)
        first.append(job.target.architecture[0])
        ledger.finish(job, scored(job))
    assert first.count("m") == first.count("o") == 10


def test_who_comes_late_has_no_claim_on_time_that_is_gone() -> None:
    ledger = Ledger()
    for number in range(40):
        ledger.ask("early", number, target(f"e{number}"), ("p",))
    for _ in range(20):
        ledger.finish(job := taken(ledger), scored(job, 5.0))
    for number in range(20):
        ledger.ask("late", number, target(f"l{number}"), ("p",))
    first = []
    for _ in range(10):
        job = taken(ledger)
        first.append(job.target.architecture[0])
        ledger.finish(job, scored(job, 5.0))
    assert first.count("e") == first.count("l") == 5


def finished(
    costs: dict[str, float], workers: int = 2, requests: int = 60, batch: int = 10
) -> dict[str, float]:
    """When each of some searches has all its answers: each asks for a batch, waits for all of it, and asks again."""
    ledger, now, asked = Ledger(), 0.0, dict.fromkeys(costs, 0)
    running: list[tuple[float, Job]] = []
    ended: dict[str, float] = {}
    while len(ended) < len(costs):
        for client in costs:
            collect(ledger, client)
            if ledger.outstanding(client) == 0 and client not in ended:
                if asked[client] == requests:
                    ended[client] = now
                for _ in range(min(batch, requests - asked[client])):
                    ledger.ask(client, asked[client], target(f"{client}:{asked[client]}"), ("p",))
                    asked[client] += 1
        while len(running) < workers and (job := ledger.take()) is not None:
            running.append((now + costs[job.target.architecture.partition(":")[0]], job))
        running.sort(key=lambda entry: entry[0])
        if running:
            now, job = running.pop(0)
            ledger.finish(job, scored(job, costs[job.target.architecture.partition(":")[0]]))
    return ended


@pytest.mark.parametrize("slow", [5.0, 20.0, 100.0])
def test_one_slow_problem_of_thirteen_holds_up_the_others_little(slow: float) -> None:
    others = {f"problem-{number}": 1.0 for number in range(12)}
    without = max(finished(others).values())
    ended = finished({"slow": slow, **others})
    assert without == pytest.approx(360)
    assert max(ended[name] for name in others) <= 1.3 * without
    assert ended["slow"] == max(ended.values())
