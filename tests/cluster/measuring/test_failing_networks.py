"""Networks that end their worker or take too long are reported, and the others go on."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from rayzc.cluster.measuring import Measurement, Request, measuring_pool
from rayzc.errors import ClusterError, ProxyError
from rayzc.options import Setup
from rayzc.proxies import ByProducts, proxy, unregister
from rayzc.spaces import build, search_space
from tests.cluster.measuring.networks import SPACE, ask, direct, distinct

NETWORKS = distinct(8, seed=3)


def weights(encoding: str) -> int:
    space = search_space(SPACE)
    network = build(SPACE, space.key(space.parse(encoding)), 10, width=4, depth=1)
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture
def deadly() -> Iterator[int]:
    """A proxy that ends the process for one network, and one that never ends; the size that they look for."""
    size = weights(NETWORKS[3])

    @proxy(needs="network", name="deadly")
    def deadly(measured: ByProducts) -> float:
        found = sum(parameter.numel() for parameter in measured.network.parameters())
        if found == size:
            os.kill(os.getpid(), signal.SIGKILL)
        return float(found)

    @proxy(needs="network", name="endless")
    def endless(measured: ByProducts) -> float:
        found = sum(parameter.numel() for parameter in measured.network.parameters())
        if found == size:
            threading.Event().wait()
        return float(found)

    yield size
    unregister("deadly")
    unregister("endless")


def test_a_network_that_ends_every_worker_and_one_that_never_ends(ray_session: None, deadly: int) -> None:
    setup = Setup(batch=2, width=4, depth=1, time_limit=5)
    with measuring_pool(setup, workers=2) as pool:
        answers = dict(pool.measure(map(_deadly, NETWORKS)))
        after_deaths = pool.statistics()
        late = dict(pool.measure(map(_endless, NETWORKS)))
        after_waiting = pool.statistics()
        (again,) = pool.measure_all([_deadly(NETWORKS[3])])
        (spared,) = pool.measure_all([ask(NETWORKS[3], ("synflow",))])
        final = pool.statistics()
    bad = {encoding for encoding in NETWORKS if weights(encoding) == deadly}
    assert NETWORKS[3] in bad
    assert after_deaths.failed == len(bad)
    assert after_deaths.lost == 3 * len(bad)
    assert after_deaths.measured == 8 - len(bad)
    _check(answers, bad, deadly, "its worker died 3 times, so it was given up: ")
    _check(late, bad, deadly, "took longer than 5 s, the time limit for a network")
    assert after_waiting.lost == 4 * len(bad)
    assert after_waiting.failed == 2 * len(bad)
    assert again.failures == answers[_deadly(NETWORKS[3])].failures
    assert again.cached
    assert spared.scores == direct(ask(NETWORKS[3], ("synflow",)), setup).scores
    assert final.failed == after_waiting.failed


def _deadly(encoding: str) -> Request:
    return ask(encoding, ("deadly", "params"))


def _endless(encoding: str) -> Request:
    return ask(encoding, ("endless", "nwot"))


def _check(answers: dict[Request, Measurement], bad: set[str], size: int, reason: str) -> None:
    assert len(answers) == 8
    for request, answer in answers.items():
        own = request.proxies[0]
        if request.encoding in bad:
            assert answer.scores == {}
            assert set(answer.failures) == set(request.proxies)
            assert all(text.startswith(reason) for text in answer.failures.values())
        else:
            assert answer.failures == {}
            assert answer.scores[own] == weights(request.encoding) != size


class _Unwelcome:
    """Can be sent, and cannot be received."""

    def __reduce__(self) -> tuple[object, ...]:
        return _refuse, ()


def _refuse() -> None:
    raise RuntimeError("this machine has no such thing")


def test_workers_that_cannot_start_are_told(ray_session: None) -> None:
    thing = _Unwelcome()

    @proxy(needs=(), name="unwelcome")
    def unwelcome(measured: ByProducts) -> float:
        return float(hash(thing))

    try:
        with pytest.raises(ClusterError, match="no measuring worker can be started"):
            with measuring_pool(Setup(batch=2, width=4, depth=1), workers=1) as pool:
                list(pool.measure([ask(NETWORKS[0], ("params",))]))
    finally:
        unregister("unwelcome")


def test_a_proxy_that_cannot_be_sent(ray_session: None) -> None:
    lock = threading.Lock()

    @proxy(needs=(), name="locked")
    def locked(measured: ByProducts) -> float:
        return float(lock.locked())

    try:
        with pytest.raises(ProxyError, match="proxy 'locked' cannot be sent to the workers"):
            with measuring_pool(Setup(batch=2)):
                pass
    finally:
        unregister("locked")
