"""Proxies that a worker was sent are known there by name, as they are where they were defined."""

from collections.abc import Iterator

import pytest
from ray import cloudpickle

from rayzc.cluster.measuring.user_proxies import register, user_proxies, versions_of_proxies
from rayzc.errors import ProxyError
from rayzc.proxies import ByProducts, find, proxy, registered, unregister


@pytest.fixture
def sent() -> Iterator[bytes]:
    """A proxy on its way, which this process has forgotten."""

    @proxy(needs=("gradients", "logits"), name="sent", version=3)
    def sent(measured: ByProducts) -> float:
        return 7.0

    pickled: bytes = cloudpickle.dumps(user_proxies())
    unregister("sent")
    yield pickled
    unregister("sent")


def test_what_was_sent_is_registered(sent: bytes) -> None:
    assert "sent" not in registered()
    proxies = cloudpickle.loads(sent)
    register(proxies)
    (found,) = find(["sent"])
    assert found == proxies["sent"]
    assert (found.needs, found.version) == ({"gradients", "logits"}, 3)
    assert versions_of_proxies()["sent"].startswith("3-")
    register(proxies)


def test_another_proxy_of_the_name_stays(sent: bytes) -> None:
    @proxy(needs=(), name="sent")
    def other(measured: ByProducts) -> float:
        return 1.0

    with pytest.raises(ProxyError, match="there is a proxy 'sent' already"):
        register(cloudpickle.loads(sent))


def test_rayzcs_own_are_not_sent() -> None:
    assert user_proxies() == {}
    assert versions_of_proxies()["synflow"] == str(registered()["synflow"].version)
