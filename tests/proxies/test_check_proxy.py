"""The contract tests that ship with rayzc find what is wrong with a proxy, and name it."""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from rayzc.proxies import ByProducts, Proxy
from rayzc.testing import check_proxy, small_networks, unchanged

CALLS = itertools.count()


def made(function: Callable[[ByProducts], object], *needs: str, doc: str = "What it is.") -> Proxy:
    """A proxy that is not registered."""
    function.__doc__ = doc
    return Proxy("mine", frozenset(needs), function)


def seen_beside(measured: ByProducts) -> float:
    """Depends on what else is measured: the halves of the batch, which another proxy may need."""
    return float("half_gradients" in measured._results)


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        (made(lambda measured: next(CALLS)), "does not follow from its seed: .*; draw from measured.seed"),
        (made(lambda measured: math.nan), "is nan: return a finite number, -inf or UNDEFINED"),
        (made(lambda measured: -math.inf), "is -inf, and its documentation does not say when"),
        (made(lambda measured: -1e8), "is -1e8, and its documentation does not say when"),
        (made(lambda measured: 1.0, doc=""), "document what it is"),
        (made(lambda measured: measured.gradients), r"failed: .*write @proxy\(needs=\['gradients'\]\)"),
        (made(lambda measured: 1 / 0), "failed: ZeroDivisionError"),
        (made(seen_beside), "is 0.0 alone but 1.0 beside other proxies"),
    ],
)
def test_what_is_broken_is_named(proxy: Proxy, message: str) -> None:
    with pytest.raises(AssertionError, match=f"proxy 'mine' on network 'batch norm'.* {message}"):
        check_proxy(proxy)


def test_a_sentinel_that_is_documented() -> None:
    check_proxy(made(lambda measured: -math.inf, doc="Always -inf."))
    check_proxy(made(lambda measured: -1e8, doc="Always -1e8."))


def test_networks_of_the_user() -> None:
    with pytest.raises(AssertionError, match="on network 'strange' failed: IndexError"):
        check_proxy(made(lambda measured: measured.weights[3].sum(), "weights"), {"strange": strange})


def strange() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(432, 10))


def test_all_networks_take_the_images() -> None:
    for make in small_networks().values():
        outputs = make()(torch.zeros(2, 3, 12, 12))
        assert (outputs[-1] if isinstance(outputs, tuple) else outputs).shape == (2, 10)


def test_what_changed_is_named() -> None:
    network = strange()
    with (
        pytest.raises(AssertionError, match="my code changed this: weights and buffers"),
        unchanged(network, "my code"),
    ):
        network[1].weight.data.zero_()
