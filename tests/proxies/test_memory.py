"""What happens when memory runs out: a network stands in for the allocator and refuses large batches."""

import pytest
import torch
from torch import Tensor, nn

from rayzc.proxies import measure, measure_detailed, registered
from rayzc.proxies.structure import __all__ as STRUCTURAL
from rayzc.testing import unchanged
from tests.proxies.nets import Chain, Unnormed
from tests.proxies.test_contract import SUITE, batch

ONE_IMAGE = {"params", "l2_norm", "synflow", "synflow_bn", "flops", "macs", *STRUCTURAL}
IMAGES = 12


def limited(model: nn.Module, images: int, error: type[Exception] = torch.OutOfMemoryError) -> nn.Module:
    """Makes the network run out of memory with more than so many images."""

    def allocate(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if len(inputs[0]) > images:
            raise error("CUDA out of memory. Tried to allocate 2.00 GiB")

    next(module for module in model.modules() if isinstance(module, nn.Conv2d)).register_forward_pre_hook(
        allocate
    )
    return model


def unnormed() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Unnormed()


def shared_labels() -> tuple[Tensor, Tensor]:
    images, labels = batch(IMAGES)
    return images, labels % 4


@pytest.mark.parametrize("limit", [6, 5, 1])
def test_independent_images_are_measured_in_micro_batches(limit: int) -> None:
    whole = measure_detailed(unnormed(), *shared_labels())
    parts = measure_detailed(limited(unnormed(), limit), *shared_labels())
    assert not parts.failures
    assert parts.scores == pytest.approx(dict(whole.scores), rel=1e-3)
    assert whole.notes == ()
    if limit < IMAGES // 2:  # halves are what zico needs anyway
        assert any("out of memory with 12 images" in note for note in parts.notes)


def test_a_batch_is_halved_until_it_fits() -> None:
    model = limited(unnormed(), 3)
    found = measure_detailed(model, *shared_labels(), ["snip"])
    assert found.notes == ("out of memory with 12 images at once: measured 3 at a time, the same sums",)
    assert found.scores["snip"] == pytest.approx(
        measure(unnormed(), *shared_labels(), ["snip"])["snip"], rel=1e-4
    )


def test_coupled_images_are_not_split() -> None:
    model = limited(Chain(), 8)
    found = measure_detailed(model, *batch(IMAGES))
    assert set(found.scores) == ONE_IMAGE | {"zico"}
    assert set(found.failures) == set(registered()) - set(found.scores)
    assert all("batch norm couples the images" in reason for reason in found.failures.values())


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError])
def test_not_even_one_image_fits(error: type[Exception]) -> None:
    found = measure_detailed(limited(unnormed(), 0, error), *batch(4), SUITE)
    assert set(found.scores) == {"params", "l2_norm"}
    assert found.failures["snip"] == "out of memory, even with one image at a time"


def test_a_forward_pass_that_fits_without_its_graph() -> None:
    class Hungry(Chain):
        def forward_features(self, images: Tensor) -> Tensor:
            features = super().forward_features(images)
            if features.requires_grad:
                raise torch.OutOfMemoryError("no room for a graph")
            return features

    found = measure_detailed(Hungry(), *batch(), ["nwot", "swap", "snip", "jacov", "flops", "grasp"])
    assert set(found.scores) == {"nwot", "swap", "flops"}
    assert "out of memory" in found.failures["snip"]


class ScarceBackward(torch.autograd.Function):
    """Runs out of memory on its way back, if a graph of the gradients is asked for."""

    @staticmethod
    def forward(ctx: object, features: Tensor) -> Tensor:
        return features.clone()

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:  # type: ignore[override]
        if torch.is_grad_enabled():
            raise torch.OutOfMemoryError("no room for a second graph")
        return gradient.clone()


def test_gradients_survive_where_their_graph_does_not_fit() -> None:
    class Scarce(Chain):
        def forward_features(self, images: Tensor) -> Tensor:
            return ScarceBackward.apply(super().forward_features(images))  # type: ignore[no-untyped-call]

    with torch.random.fork_rng():
        torch.manual_seed(2)
        scarce = Scarce()
    plenty = Chain()
    plenty.load_state_dict(scarce.state_dict())
    found = measure_detailed(scarce, *batch(), ["grad_norm", "snip", "grasp", "jacov"])
    assert set(found.failures) == {"grasp"}
    assert found.scores["snip"] == pytest.approx(measure(plenty, *batch(), ["snip"])["snip"], rel=1e-4)


def test_state_is_restored_when_memory_runs_out() -> None:
    model = limited(Chain(), 8)
    with unchanged(model):
        measure_detailed(model, *batch(IMAGES))


def test_functional_batch_norm_is_not_split_either() -> None:
    class Functional(Unnormed):
        def forward_features(self, images: Tensor) -> Tensor:
            return nn.functional.batch_norm(super().forward_features(images), None, None, training=True)

    found = measure_detailed(limited(Functional(), 8), *batch(IMAGES), ["nwot", "l2_norm"])
    assert set(found.scores) == {"l2_norm"}
    assert "couples the images" in found.failures["nwot"]
