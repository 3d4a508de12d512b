"""The effective rank of what layers and activations put out."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.passes.network import leaves
from rayzc.passes.stages import Batch, Stage

__all__ = ["EffectiveRanks", "effective_rank"]

ACTIVATIONS = tuple(getattr(nn, name) for name in nn.modules.activation.__all__)


class EffectiveRanks(Stage):
    """The effective rank of the output of every layer and activation, of as many of its points as it has channels.

    A point is an image and a position. Which are taken is drawn for the whole batch, whatever its parts, and kept at
    once, so that nothing large outlives the forward pass.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._points: dict[int, list[Tensor]] = {}
        self._called: set[int] = set()

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to the modules with a weight, and to activations."""
        self._called.clear()
        for number, module in enumerate(leaves(model)):
            if hasattr(module, "weight") or isinstance(module, ACTIVATIONS):
                yield module.register_forward_hook(partial(self._record, number, images))

    def _record(
        self, number: int, images: range, module: nn.Module, inputs: tuple[Any, ...], output: Any
    ) -> None:
        if isinstance(output, (tuple, list)) and output:
            output = output[0]
        if number in self._called or not isinstance(output, Tensor) or not output.is_floating_point():
            return
        if output.dim() < 2 or len(output) != len(images):
            return
        self._called.add(number)
        points = output.detach()
        # Channels come before positions, but after the tokens of a sequence.
        points = (
            points.flatten(2).transpose(1, 2)
            if points.dim() > 3
            else points.reshape(len(points), -1, points.shape[-1])
        )
        positions, channels = points.shape[1:]
        image, position = np.divmod(self._drawn(number, positions, channels), positions)
        mine = (image >= images.start) & (image < images.stop)
        rows = torch.from_numpy(image[mine] - images.start), torch.from_numpy(position[mine])
        self._points.setdefault(number, []).append(points[rows].cpu())

    def _drawn(self, number: int, positions: int, channels: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """The points of a module, by the seed and its place among the modules."""
        total = self.batch.images * positions
        if total <= channels:
            return np.arange(total)
        draws = np.random.default_rng([self.batch.subject.seed % 2**64, number])
        return np.sort(draws.choice(total, channels, replace=False, shuffle=False))

    def results(self) -> dict[str, Any]:
        """Returns ``effective_ranks``."""
        found = tuple(effective_rank(torch.cat(self._points[number])) for number in sorted(self._points))
        self._points.clear()
        return {"effective_ranks": found}


def effective_rank(points: Tensor) -> float:
    """The exponential of the entropy of the singular values, as shares of their sum; 0 for zeros.

    Roy and Vetterli, "The effective rank: a measure of effective dimensionality", EUSIPCO 2007.
    """
    values = torch.linalg.svdvals(points.double())
    total = values.sum()
    if not total > 0:
        return 0.0
    share = values[values > 0] / total
    return float(torch.exp(-(share * share.log()).sum()))
