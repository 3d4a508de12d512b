import numpy as np
import pytest
import torch
from torch import nn

from rayzc.passes.codes import Codes

NEEDS = frozenset({"kernel", "patterns"})


def recorded(activations: list[torch.Tensor], part: int) -> tuple[np.ndarray, int]:
    """Sends a batch through ReLUs, some images at a time."""
    images = len(activations[0])
    relus = nn.ModuleList(nn.ReLU() for _ in activations)
    codes = Codes(images, NEEDS)
    handles = list(codes.hooks(relus))
    for start in range(0, images, part):
        rows = slice(start, start + part)
        codes.start(len(activations[0][rows]))
        for relu, activation in zip(relus, activations, strict=True):
            relu(activation[rows])
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
    codes = Codes(2, NEEDS)
    relu = nn.LeakyReLU(-1.0, inplace=True)  # makes everything positive
    handles = list(codes.hooks(relu))
    relu(images)
    for handle in handles:
        handle.remove()
    assert codes.results()["patterns"] == 2
    assert images.min() > 0


def test_what_is_not_per_image_is_left_out() -> None:
    codes = Codes(4, NEEDS)
    handles = list(codes.hooks(nn.ReLU()))
    assert len(handles) == 1
    codes.start(4)
    relu = nn.ReLU()
    (handle,) = codes.hooks(relu)
    relu(torch.ones(3, 5))
    handle.remove()
    assert codes.results()["patterns"] == 0
    assert not codes.results()["kernel"].any()
