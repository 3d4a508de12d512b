import math

import pytest
import torch
from torch import Tensor, nn

import rayzc.measurement
from rayzc.errors import ProxyError
from rayzc.proxies import Measurement, MeasurementWarning, measure, measure_detailed, proxy, unregister
from tests.proxies.nets import Chain, Tupled
from tests.proxies.test_contract import batch


def test_a_dictionary_in_the_order_asked_for() -> None:
    scores = measure(Chain(), *batch(), ["zen", "params", "zen", "jacov"])
    assert list(scores) == ["zen", "params", "jacov"]
    assert all(isinstance(score, float) for score in scores.values())


def test_the_details() -> None:
    found = measure_detailed(Chain(), *batch(), ["params", "jacov"])
    assert isinstance(found, Measurement)
    assert Measurement is rayzc.measurement.Measurement
    assert set(found.scores) == {"params", "jacov"}
    assert not found.failures
    assert not found.notes
    assert found.seconds > 0


def test_seeds_matter_to_random_proxies_only() -> None:
    model = Chain()
    first, second = (measure(model, *batch(), ["zen", "snip", "trainability"], seed=seed) for seed in (1, 2))
    assert first["snip"] == second["snip"]
    assert first["zen"] != second["zen"]
    assert first["trainability"] != second["trainability"]


def test_labels_in_the_wrong_range_fail_only_what_reads_them() -> None:
    images, labels = batch()
    with pytest.warns(MeasurementWarning) as warned:
        scores = measure(Chain(), images, labels + 40, ["snip", "grasp", "jacov", "nwot", "zico", "zen"])
    assert {name for name, score in scores.items() if math.isnan(score)} == {"snip", "grasp", "zico"}
    assert str(warned[0].message).startswith(
        "snip was not measured: label 43 has no output, as the network has 10"
    )
    assert len(warned) == 3


def test_without_labels() -> None:
    found = measure_detailed(Chain(), batch()[0])
    assert set(found.failures) == {
        *("epe_nas", "fisher", "grad_norm", "grasp", "plain", "snip", "zico"),
    }
    assert all("no labels were given" in reason for reason in found.failures.values())


def test_another_loss() -> None:
    def mean_square(logits: Tensor, labels: Tensor) -> Tensor:
        return (logits - nn.functional.one_hot(labels, 10)).square().mean()

    model = Chain()
    names = ["snip", "grasp", "zico"]
    assert measure(model, *batch(), names, loss=mean_square) != measure(model, *batch(), names)


def test_a_loss_without_gradients_gives_zero() -> None:
    names = ["snip", "grasp", "fisher", "grad_norm", "plain", "zico"]
    scores = measure(Chain(), *batch(), names, loss=lambda logits, labels: torch.zeros(()))
    assert set(scores.values()) == {0.0}


def test_classes_say_which_tensor_holds_the_logits() -> None:
    class Widened(Tupled):
        def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
            features, logits = super().forward(images)
            return logits, features

    model = Widened()
    tenfold = measure(model, *batch(), ["jacov"], classes=10)
    assert measure(model, *batch(), ["jacov"]) == tenfold
    assert measure(model, *batch(), ["jacov"], classes=16) != tenfold


def test_half_precision_is_measured_in_full() -> None:
    model = Chain()
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    images, labels = batch()[0].half(), batch()[1]
    full = measure(model, images.float(), labels)
    model.half()
    assert measure(model, images, labels) == full
    assert next(model.parameters()).dtype == torch.float16


IMAGES, LABELS = batch()


@pytest.mark.parametrize(
    ("model", "images", "labels", "message"),
    [
        ("resnet18", IMAGES, LABELS, "the network is a str, not a torch.nn.Module"),
        (nn.LazyLinear(3), IMAGES, LABELS, "lazy layers without weights: run it on a batch once"),
        (nn.Linear(1, 1, device="meta"), IMAGES, LABELS, "on the meta device"),
        (Chain(), IMAGES.long(), LABELS, "images must be a float tensor"),
        (Chain(), IMAGES[:0], LABELS[:0], "the batch has no images: give it at least one"),
        (Chain(), IMAGES * math.nan, LABELS, "images contain nan or infinity"),
        (Chain(), IMAGES, LABELS[:3], "there are 8 images but 3 labels"),
    ],
)
def test_bad_input(model: nn.Module, images: Tensor, labels: Tensor, message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        measure(model, images, labels, ["params"])


@pytest.mark.parametrize("device", ["gpu", "cuda"])
def test_a_device_that_is_not_there(device: str) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(ProxyError, match=f"device '{device}'"):
        measure(Chain(), IMAGES, LABELS, ["params"], device=device)


def test_unknown_proxies() -> None:
    with pytest.raises(ProxyError, match=r"there is no proxy 'synflo'; did you mean 'synflow'\?"):
        measure(Chain(), IMAGES, LABELS, ["synflo"])
    with pytest.raises(ProxyError, match="must be a list of names"):
        measure(Chain(), IMAGES, LABELS, "synflow")


def test_an_output_that_holds_no_logits() -> None:
    class Silent(Chain):
        def forward(self, images: Tensor) -> tuple[str]:  # type: ignore[override]
            super().forward(images)
            return ("nothing",)

    found = measure_detailed(Silent(), IMAGES, LABELS, ["jacov", "params"])
    assert "wrap it in a module that returns its logits" in found.failures["jacov"]
    assert set(found.scores) == {"params"}


def test_a_failing_proxy_leaves_the_others() -> None:
    @proxy(needs="gradients", name="failing_for_a_test")
    def failing(measured: object) -> float:
        raise ZeroDivisionError("on purpose")

    try:
        found = measure_detailed(Chain(), IMAGES, LABELS, [failing, "snip"])
    finally:
        unregister("failing_for_a_test")
    assert found.failures == {"failing_for_a_test": "ZeroDivisionError: on purpose"}
    assert "snip" in found.scores
