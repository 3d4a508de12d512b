"""What is said where there is no Ray."""

import pytest

from rayzc.cluster import connected
from rayzc.errors import ClusterError
from tests.cluster.heads import free_ports


def test_nobody_at_the_address() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ClusterError) as caught, connected(f"127.0.0.1:{port}"):
        pass
    assert str(caught.value) == (
        f"no Ray at 127.0.0.1:{port}: start one there with `ray start --head`, name another --address, or leave it "
        "out to run on this machine ([Errno 111] Connection refused)"
    )


def test_an_address_that_is_none() -> None:
    with pytest.raises(ClusterError) as caught, connected("nonsense"):
        pass
    assert str(caught.value).startswith("no Ray at nonsense: start one there with `ray start --head`")
