import numpy as np
import pytest
import torch
from torch import nn

from rayzc.passes.activations import Codes
from rayzc.passes.replica import Replica
from rayzc.passes.stages import Batch
from rayzc.passes.subject import subject_of
from rayzc.passes.watching import Watch


def codes_of(images: int) -> Codes:
    """The stage, for a batch of so many images."""
    subject = subject_of(
        nn.Linear(1, 1),
        torch.zeros(images, 1),
        None,
        loss=nn.functional.cross_entropy,
        seed=0,
        device="cpu",
        classes=None,
        channels_last=False,
    )
    needs = frozenset({"kernel", "patterns"})
    return Codes(Batch(subject, needs, Replica(subject), [], ((range(images),),)))


def recorded(activations: list[torch.Tensor], part: int) -> tuple[np.ndarray, int]:
    """Sends a batch through ReLUs, some images at a time."""
    images = len(activations[0])
    relus = nn.ModuleList(nn.ReLU() for _ in activations)
    codes = codes_of(images)
    for start in range(0, images, part):
        rows = range(start, min(start + part, images))
        handles = list(codes.hooks(relus, rows))
        with Watch([codes.listener()]):
            for relu, activation in zip(relus, activations, strict=True):
                relu(activation[rows.start : rows.stop])
        for handle in handles:
            handle.remove()
    results = codes.results()
    return results["kernel"], results["patterns"]


def expected(activations: list[torch.Tensor]) -> tuple[np.ndarray, int]:
    on = np.concatenate([activation.flatten(1).numpy() > 0 for activation in activations], 1)
    return (on[:, None] == on[None]).sum(2), len({tuple(column) for column in on.T})


@pytest.mark.parametrize("images", [1, 2, 21, 22, 23, 44, 63, 64, 65, 129])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_kernel_and_patterns(images: int, layout: torch.memory_format) -> None:
    draws = torch.Generator().manual_seed(images)
    # Rounding makes repeated patterns, and exact zeros, which are off.
    activations = [
        torch.randn(images, 2, 3, 5, generator=draws).round().contiguous(memory_format=layout),
        torch.randn(images, 7, generator=draws).sign().clamp(min=-1),
        torch.randn(images, 1, 1, 1, generator=draws).expand(images, 3, 2, 2),
    ]
    kernel, patterns = expected(activations)
    for part in {images, max(1, images // 2), 1 if images < 30 else 20}:
        found, count = recorded(activations, part)
        assert np.array_equal(found, kernel)
        assert count == patterns


def test_an_activation_that_works_in_place_is_seen_before() -> None:
    images = torch.tensor([[-1.0, 2.0], [3.0, -4.0]])
    codes = codes_of(2)
    relu = nn.LeakyReLU(-1.0, inplace=True)  # makes everything positive
    assert not list(codes.hooks(relu, range(2)))
    with Watch([codes.listener()]):
        relu(images)
    assert codes.results()["patterns"] == 2
    assert images.min() > 0


def test_what_is_not_per_image_is_left_out() -> None:
    codes = codes_of(4)
    relu = nn.ReLU()
    assert not list(codes.hooks(relu, range(4)))
    with Watch([codes.listener()]):
        relu(torch.ones(3, 5))
    assert codes.results()["patterns"] == 0
    assert not codes.results()["kernel"].any()
