"""Batch norms and other functions are overridden in a mode, and torch's own outside of it."""

import weakref
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rayzc.errors import ProxyError
from rayzc.passes.overrides import Override, RefuseBatchStatistics, WithoutBatchNorm

batch_norm = nn.functional.batch_norm


@pytest.fixture
def images() -> Tensor:
    return torch.randn((4, 3, 2, 2), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("arguments", "keywords"), [((None, None, None, None, True), {}), ((None, None), {"training": True})]
)
def test_batch_statistics_are_refused(
    images: Tensor, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    mean, variance = torch.zeros(3), torch.ones(3)
    expected = batch_norm(images, mean, variance + 1, eps=1.0)
    with RefuseBatchStatistics():
        assert torch.equal(batch_norm(images, mean, variance + 1, eps=1.0), expected)
        with pytest.raises(ProxyError, match="couples the images"):
            batch_norm(images, *arguments, **keywords)


def test_batch_norm_does_nothing(images: Tensor) -> None:
    norm = nn.BatchNorm2d(3)
    with WithoutBatchNorm():
        assert norm(images) is images
        assert batch_norm(input=images, running_mean=None, running_var=None, training=True) is images
    assert not torch.equal(norm(images), images)


def test_all_other_functions_are_torchs(images: Tensor) -> None:
    with WithoutBatchNorm():
        assert torch.equal(torch.relu(images), images.clamp(min=0))
        assert torch.equal(torch.sum(images, dim=0), images.sum(0))


def test_a_mode_is_gone_when_nobody_holds_it() -> None:
    """It may hold a network's weights, which must not wait for the garbage collector."""
    mode: Override = RefuseBatchStatistics()
    gone = weakref.ref(mode)
    with mode:
        assert (torch.ones(1) + 1).item() == 2
    del mode
    assert gone() is None
