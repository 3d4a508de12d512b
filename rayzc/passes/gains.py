"""How each block scales a random signal on its way back, for AZ-NAS's trainability."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Gains"]


class Gains:
    """The gains of the blocks between consecutive feature maps, gathered part by part of the batch.

    A signal of plus and minus ones is sent back from a block's output, drawn for the whole batch whatever its
    parts, so that parts change nothing. The gain is the largest singular value of the mean outer product of what
    arrives at the block's input with the signal.

    Args:
        images: the size of the batch.
        seed: draws the signals.
    """

    def __init__(self, images: int, seed: int) -> None:
        self._images = images
        self._seed = seed
        self._products: dict[int, Tensor] = {}
        self._points: dict[int, int] = {}
        self._idle: dict[int, bool] = {}

    def add(self, features: Sequence[Tensor], images: range) -> None:
        """Sends the signals through the blocks for some of the images.

        Args:
            features: the outputs ``(images, channels, height, width)`` of consecutive blocks, with their graph.
            images: which images of the batch these are.
        """
        draws = torch.Generator().manual_seed(self._seed)
        for block in reversed(range(1, len(features))):
            inner, outer = features[block - 1], features[block]
            shape = (self._images, *outer.shape[1:])
            signal = torch.randint(0, 2, shape, generator=draws)[images.start : images.stop].to(outer) * 2 - 1
            if outer is inner or not (outer.requires_grad and inner.requires_grad):
                continue
            arrived = _sent_back(outer, inner, signal)
            if arrived is None:
                continue
            idle = arrived.shape == signal.shape and torch.equal(arrived, signal)
            self._idle[block] = self._idle.get(block, True) and idle
            left, right = _points(_folded(arrived, signal)), _points(signal)
            known = self._products.get(block)
            product = (left.T @ right).double().cpu()
            self._products[block] = product if known is None else known + product
            self._points[block] = self._points.get(block, 0) + len(right)

    def result(self) -> tuple[float, ...]:
        """The gains, last block first; infinity for a block that does nothing.

        Blocks that do not feed each other are left out.
        """
        return tuple(
            math.inf
            if self._idle[block]
            else float(torch.linalg.matrix_norm(product / self._points[block], 2))
            for block, product in self._products.items()
        )


def _sent_back(outer: Tensor, inner: Tensor, signal: Tensor) -> Tensor | None:
    return torch.autograd.grad(outer, inner, signal, retain_graph=True, allow_unused=True)[0]


def _folded(arrived: Tensor, signal: Tensor) -> Tensor:
    """Folds positions into channels until both have the same positions, padding a last odd row or column."""
    if arrived.shape[2:] == signal.shape[2:]:
        return arrived
    stride = max(
        math.ceil(inner / outer) for inner, outer in zip(arrived.shape[2:], signal.shape[2:], strict=True)
    )
    rows, columns = (
        stride * outer - inner for inner, outer in zip(arrived.shape[2:], signal.shape[2:], strict=True)
    )
    # A side that the stride over-covers is cut, one that it does not fill is padded by zeros.
    fitted = nn.functional.pad(arrived, (0, columns, 0, rows))
    return nn.functional.pixel_unshuffle(fitted, stride)


def _points(features: Tensor) -> Tensor:
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
