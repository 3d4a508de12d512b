from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from rayzc.errors import ProxyError
from rayzc.passes import Need
from rayzc.proxies import (
    NEEDS,
    ByProducts,
    Proxy,
    find,
    measure,
    measure_detailed,
    proxy,
    registered,
    unregister,
)
from rayzc.testing import unchanged
from tests.proxies.nets import Chain
from tests.proxies.test_contract import batch


@pytest.fixture(autouse=True)
def _registry() -> Iterator[None]:
    """Forgets what a test has registered."""
    known = set(registered())
    yield
    for name in set(registered()) - known:
        unregister(name)


def test_a_decorated_function_is_a_proxy() -> None:
    @proxy(needs="gradients")
    def largest_gradient(measured: ByProducts) -> torch.Tensor:
        """The largest gradient of all."""
        return torch.stack([gradient.abs().max() for gradient in measured.gradients]).max()

    assert isinstance(largest_gradient, Proxy)
    assert registered()["largest_gradient"] is largest_gradient
    assert largest_gradient.summary == "The largest gradient of all."
    by_name = measure(Chain(), *batch(), ["largest_gradient"])
    assert by_name["largest_gradient"] > 0
    assert "largest_gradient" in measure(Chain(), *batch())


def test_a_proxy_of_another_name_and_version() -> None:
    @proxy(needs=("weights", "jacobian"), name="my_proxy", version=3)
    def anything(measured: ByProducts) -> float:
        return float(len(measured.weights) * measured.jacobian.shape[1])

    assert (anything.name, anything.version) == ("my_proxy", 3)
    assert measure(Chain(), *batch(), [anything]) == {"my_proxy": 4 * 3 * 144}


def test_the_same_definition_may_be_registered_again() -> None:
    def define() -> Proxy:
        @proxy(name="twice")
        def score(measured: ByProducts) -> float:
            return 1.0

        return score

    define()
    assert define() is registered()["twice"]


def test_a_taken_name() -> None:
    with pytest.raises(
        ProxyError, match=r"there is a proxy 'zen' already, from rayzc.proxies.other_weights.zen"
    ):

        @proxy(name="zen")
        def mine(measured: ByProducts) -> float:
            return 0.0


def test_an_unknown_need() -> None:
    with pytest.raises(ProxyError, match=r"cannot need 'gradient'; did you mean 'gradients'\?"):
        proxy(needs="gradient")


def test_a_name_that_no_formula_can_read() -> None:
    with pytest.raises(ProxyError, match="'my-proxy' cannot name a proxy"):
        proxy(name="my-proxy")(lambda measured: 0.0)


def test_without_parentheses() -> None:
    @proxy
    def pixels(measured: ByProducts) -> float:
        return float(measured.images[0].numel())

    assert isinstance(pixels, Proxy)
    assert measure(Chain(), *batch(), ["pixels"]) == {"pixels": 432.0}

    @proxy
    def forgetful(measured: ByProducts) -> float:
        return float(len(measured.gradients))

    found = measure_detailed(Chain(), *batch(), [forgetful])
    assert found.failures["forgetful"].endswith("write @proxy(needs=['gradients'])")


def test_arguments_without_their_names() -> None:
    with pytest.raises(ProxyError, match=r"takes only keyword arguments: write @proxy\(needs='gradients'\)"):
        proxy("gradients")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "no proxy is named: name at least one, or leave the names out for all; known: conv1x1_share, "),
        (
            [""],
            "the name of a proxy is empty: write it, or leave the names out for all; known: conv1x1_share, ",
        ),
        (["zen", " "], "the name of a proxy is empty"),
        (["zenn"], r"there is no proxy 'zenn'; did you mean 'zen'\?"),
        ("zen", r"must be a list of names, such as \['zen'\]"),
    ],
)
def test_names_that_find_nothing(names: list[str], message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        find(names)


def test_find() -> None:
    assert [found.name for found in find(["zen", "snip", "zen"])] == ["zen", "snip"]
    assert [found.name for found in find(None)] == sorted(registered())


def test_every_need_can_be_read_and_only_if_declared() -> None:
    assert list(NEEDS) == [name for name, value in vars(ByProducts).items() if isinstance(value, Need)]
    for need, record in NEEDS.items():
        assert str(record) == f"{need}: {record.description}"
        assert record is getattr(ByProducts, need)
        assert record.stage or record.alone, "nothing gives it"

        @proxy(needs=need, name="reading")
        def reading(measured: ByProducts, need: str = need) -> float:
            assert getattr(measured, need) is not None
            return 1.0

        assert measure(Chain(), *batch(), [reading]) == {"reading": 1.0}

        @proxy(needs=(), name="prying")
        def prying(measured: ByProducts, need: str = need) -> float:
            assert getattr(measured, need) is not None
            return 1.0

        # Another proxy may have asked for the same: that is no excuse.
        found = measure_detailed(Chain(), *batch(), [reading, prying])
        assert f"reads '{need}' without having declared it: write @proxy" in found.failures["prying"]


def test_facts_that_need_no_pass() -> None:
    seen: list[object] = []

    @proxy()
    def facts(measured: ByProducts) -> float:
        seen.extend([measured.classes, measured.seed, measured.parameters, measured.images.shape])
        return float(measured.labels.sum())

    found = measure_detailed(Chain(), *batch(), [facts], seed=7)
    assert seen == [10, 7, sum(p.numel() for p in Chain().parameters()), torch.Size((8, 3, 12, 12))]
    assert found.scores == {"facts": 12.0}
    assert not found.passes


def ruin_weights(measured: ByProducts) -> float:
    for weight in measured.weights:
        weight.zero_()
    return 0.0


def ruin_gradients(measured: ByProducts) -> float:
    for gradient in measured.gradients:
        gradient.zero_()
    return 0.0


def ruin_batch(measured: ByProducts) -> float:
    measured.images.zero_()
    measured.labels.zero_()
    return 0.0


def ruin_network(measured: ByProducts) -> float:
    network: nn.Module = measured.network
    assert network.training
    network(measured.images).sum().backward()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    torch.rand(3)
    return 0.0


@pytest.mark.parametrize("ruin", [ruin_weights, ruin_gradients, ruin_batch, ruin_network])
def test_a_proxy_that_changes_what_it_reads_hurts_nobody(ruin: Callable[[ByProducts], float]) -> None:
    model = Chain()
    images, labels = batch()
    names = ["snip", "l2_norm", "epe_nas"]
    expected = measure(model, images, labels, names)
    ruinous = proxy(needs=("weights", "gradients", "network"), name="ruinous")(ruin)
    with unchanged(model):
        scores = measure(model, images, labels, [ruinous, *names])
    assert scores == {"ruinous": 0.0, **expected}
    assert torch.equal(images, batch()[0])
    assert torch.equal(labels, batch()[1])
