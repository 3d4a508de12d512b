"""By-products of a network's primary blocks: the spectra of their features, and how they scale a signal."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.errors import ProxyError
from rayzc.passes.network import blocks
from rayzc.passes.replica import OverwrittenError
from rayzc.passes.stages import Batch, Part, Stage, Way
from rayzc.passes.twice_differentiable import Backward
from rayzc.passes.watching import unwatched

__all__ = ["BlockEntropies", "BlockGains"]


def _listen(
    model: nn.Module, images: range, take: Callable[[Tensor], Tensor | None]
) -> Iterator[RemovableHandle]:
    """Hands over the features of the primary blocks, and hands on what `take` returns instead, if anything.

    These are maps ``(images, channels, height, width)``, or tokens ``(images, tokens, channels)``.
    """

    @unwatched
    def record(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Tensor | None:
        return take(output) if _is_features(output, images) else None

    for module in blocks(model):
        yield module.register_forward_hook(record)


def _is_features(output: Any, images: range) -> bool:
    return isinstance(output, Tensor) and output.dim() in (3, 4) and output.shape[0] == len(images)


class BlockEntropies(Stage):
    """The entropy of the spectrum of each block's features, whose moments are summed part by part."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._moments: dict[int, tuple[int, Tensor, Tensor]] = {}
        self._call = 0

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to the blocks, whose calls are counted anew for each part."""
        self._call = 0
        return _listen(model, images, self._add)

    def _add(self, features: Tensor) -> None:
        points = _points(features.detach())
        count, total, square = self._moments.get(self._call, (0, torch.zeros(()), torch.zeros(())))
        self._moments[self._call] = (
            count + len(points),
            total + points.sum(0).double().cpu(),
            square + (points.T @ points).double().cpu(),
        )
        self._call += 1

    def results(self) -> dict[str, Any]:
        """Returns ``block_entropies``."""
        return {"block_entropies": tuple(_entropy(*moments) for moments in self._moments.values())}


def _entropy(count: int, total: Tensor, square: Tensor) -> float:
    """The Shannon entropy of the normalised spectrum of a covariance; nan for a constant feature map."""
    if not bool(torch.isfinite(square).all()):
        raise ProxyError("a block's features are nan, or their squares exceed the range of float32")
    mean = total / count
    spectrum = np.linalg.eigvalsh((square / count - torch.outer(mean, mean)).numpy()).clip(min=0)
    if not spectrum.sum() > 0:
        return float("nan")
    share = spectrum / spectrum.sum()
    return float(-(share * np.log(share + 1e-8)).sum())


class BlockGains(Stage):
    """How each block scales a random signal on its way back, for AZ-NAS's trainability.

    A signal of plus and minus ones is sent back from a block's output, drawn for the whole batch whatever its
    parts, so that parts change nothing. The gain is the largest singular value of the mean outer product of what
    arrives at the block's input with the signal.
    """

    way = Way.IMAGES

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._features: list[tuple[Tensor, int, Tensor | None]] = []
        self._products: dict[int, Tensor] = {}
        self._points: dict[int, int] = {}
        self._idle: dict[int, bool] = {}

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to the blocks."""
        return _listen(model, images, self._keep)

    def _keep(self, features: Tensor) -> Tensor | None:
        known = next((entry for entry in self._features if entry[2] is features), None)
        if known is not None and features._version == 0:
            self._features.append(known)  # a block that handed on what it was given
            return None
        copied = features.clone() if self.batch.subject.copies else None
        self._features.append((features, features._version, copied))
        return copied

    def run(self, part: Part) -> None:
        """Sends signals back through the blocks, the last block first."""
        self.batch.subject.passes["block gains"] += 1
        self.batch.purpose.backward = Backward.IMAGES
        kept, self._features = self._features, []  # the graph goes with the last one that holds it
        if any(tensor._version != version for tensor, version, _ in kept):
            raise OverwrittenError
        features = [tensor for tensor, *_ in kept]
        draws = torch.Generator().manual_seed(self.batch.subject.seed)
        for block in reversed(range(1, len(features))):
            inner, outer = features[block - 1], features[block]
            signs = torch.randint(0, 2, (self.batch.images, *outer.shape[1:]), generator=draws)
            signal = signs[part.images.start : part.images.stop].to(outer) * 2 - 1
            if outer is inner or not (outer.requires_grad and inner.requires_grad):
                continue
            if inner.dim() != outer.dim() or (outer.dim() == 3 and inner.shape[1] != outer.shape[1]):
                continue  # maps that became tokens, or other tokens: their positions do not correspond
            (arrived,) = torch.autograd.grad(outer, inner, signal, retain_graph=True, allow_unused=True)
            if arrived is not None:
                self._add(block, signal, arrived)

    def _add(self, block: int, signal: Tensor, arrived: Tensor) -> None:
        idle = arrived.shape == signal.shape and torch.equal(arrived, signal)
        self._idle[block] = self._idle.get(block, True) and idle
        left, right = _points(_folded(arrived, signal)), _points(signal)
        known = self._products.get(block)
        product = (left.T @ right).double().cpu()
        self._products[block] = product if known is None else known + product
        self._points[block] = self._points.get(block, 0) + len(right)

    def results(self) -> dict[str, Any]:
        """Returns ``block_gains``, last block first, without blocks that do not feed each other.

        The gain of a block that does nothing is infinite.
        """
        gains = (
            math.inf
            if self._idle[block]
            else float(torch.linalg.matrix_norm(product / self._points[block], 2))
            for block, product in self._products.items()
        )
        return {"block_gains": tuple(gains)}


def _folded(arrived: Tensor, signal: Tensor) -> Tensor:
    """Folds positions into channels until both have the same positions, padding a last odd row or column."""
    if arrived.dim() == 3 or arrived.shape[2:] == signal.shape[2:]:
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
    """The features of all images and positions or tokens, ``(points, channels)``."""
    if features.dim() == 3:
        return features.reshape(-1, features.shape[2])
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
