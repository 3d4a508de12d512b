"""Following a job through connections that break off: every part of its log once, and the end."""

import pytest

from rayzc.cluster.submission import following
from rayzc.cluster.submission.client import UnknownJobError
from rayzc.cluster.submission.dashboard import UnreachableError
from rayzc.cluster.submission.following import follow, persistently, waited
from rayzc.errors import ClusterError
from tests.cluster.submission.stand_in import StandIn, record


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_FIRST_PAUSE", "_LONGEST_PAUSE", "_PAUSE_WHEN_BROKEN"):
        monkeypatch.setattr(following, name, 0.0)


class Ending(StandIn):
    """A server whose job ends when it was looked at a number of times."""

    def __init__(self, looks: int) -> None:
        super().__init__(record("it"))
        self.looks = looks

    def job(self, identity: str):  # type: ignore[no-untyped-def]
        found = super().job(identity)
        self.looks -= 1
        if self.looks == 0:
            self.end(identity, "SUCCEEDED")
        return self.known.get(identity, found)


def followed(server: StandIn, patience: float = 60.0) -> tuple[str, list[str]]:
    written: list[str] = []
    said: list[str] = []
    assert follow(server, "it", written.append, said.append, patience).status == "SUCCEEDED"
    return "".join(written), said


def test_each_part_is_written_once_through_all_connections() -> None:
    server = Ending(looks=4)
    server.texts["it"] = "one\ntwo\nthree\nfour\nfive\n"
    server.connections = [["one\n", "two\n"], ["one\ntwo\nthr"], ["one\n", None], []]
    assert followed(server) == (server.texts["it"], [])


def test_where_no_connection_lasts_the_log_is_asked_for() -> None:
    server = Ending(looks=2)
    server.texts["it"] = "one\n"
    server.connections = [[None], [None]]
    assert followed(server) == ("one\n", [])


def test_a_silent_connection_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr(following, "_SILENCE", 0.05)

    class Silent(Ending):
        async def tail(self, identity: str):  # type: ignore[no-untyped-def]
            yield "one\n"
            await asyncio.sleep(60)

    server = Silent(looks=2)
    server.texts["it"] = "one\ntwo\n"
    assert followed(server) == ("one\ntwo\n", [])


def test_a_server_that_is_away_for_a_while() -> None:
    server = Ending(looks=1)
    server.texts["it"] = "one\n"
    server.away = 3
    text, said = followed(server)
    assert text == "one\n"
    assert said == [
        "the connection to http://head:8265 is lost, and is tried again; the job goes on",
        "http://head:8265 answers again",
    ]


def test_a_server_that_stays_away() -> None:
    server = StandIn(record("it"))
    server.away = 1000
    with pytest.raises(ClusterError, match=r"does not answer.*the job may still run"):
        follow(server, "it", lambda text: None, lambda text: None, patience=-1.0)


def test_a_log_that_is_lost_with_its_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_PERSISTENCE", -1.0)

    class Lost(Ending):
        def logs(self, identity: str) -> str:
            raise UnreachableError("the node is gone")

    server = Lost(looks=1)
    server.connections = [["one\n"]]
    assert followed(server) == ("one\n", [])


def test_a_job_that_is_forgotten() -> None:
    with pytest.raises(UnknownJobError):
        follow(StandIn(), "it", lambda text: None, lambda text: None)


def test_asking_again() -> None:
    server = StandIn(record("it"))
    server.away = 3
    assert persistently(lambda: server.job("it"), pause=0.0).id == "it"
    server.away = 1000
    with pytest.raises(ClusterError, match="does not answer"):
        persistently(lambda: server.job("it"), seconds=-1.0)


def test_waiting() -> None:
    assert waited(Ending(looks=3), "it", 60.0, pause=0.0).status == "SUCCEEDED"
    assert waited(StandIn(record("it")), "it", 0.0).status == "RUNNING"
