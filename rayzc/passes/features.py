"""Recording feature maps: the first image's of every module, and the primary blocks'."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.passes.network import blocks

__all__ = ["Blocks", "Maps"]


class Maps:
    """The first image's output of every module, ``(channels, positions)``, in the order they are run.

    A container that hands on its last module's output counts again, as in MeCo's published code.
    """

    needs = frozenset({"maps"})

    def __init__(self) -> None:
        self._maps: list[Tensor] = []
        self._last: Tensor | None = None
        self._done = False

    def hooks(self, model: nn.Module) -> Iterator[RemovableHandle]:
        """Starts listening to all modules."""
        for module in model.modules():
            yield module.register_forward_hook(self._record)

    def start(self, rows: int) -> None:
        """Says that the next images are about to go through; only the first of all is of interest."""
        self._done = bool(self._maps)

    def _record(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, (tuple, list)) and output:
            output = output[0]
        if self._done or not isinstance(output, Tensor) or output.dim() < 2:
            return
        if output is not self._last:
            first = output[0].detach()
            self._maps.append(first.reshape(first.shape[0], -1).clone())
            self._last = output
        else:
            self._maps.append(self._maps[-1])

    def results(self) -> dict[str, Any]:
        """The by-products, when all images have gone through."""
        self._last = None
        return {"maps": tuple(self._maps)}


class Blocks:
    """The feature maps of the primary blocks, as moments for their spectra or as they are for their gains.

    Attributes:
        features: the latest maps ``(images, channels, height, width)``, with their graph, if gains are needed.
    """

    def __init__(self, needs: frozenset[str]) -> None:
        self.needs = needs & {"block_entropies", "block_gains"}
        self.features: list[Tensor] = []
        self._moments: dict[int, tuple[int, Tensor, Tensor]] = {}
        self._call = 0
        self._rows = 0

    def hooks(self, model: nn.Module) -> Iterator[RemovableHandle]:
        """Starts listening to the blocks."""
        for module in blocks(model):
            yield module.register_forward_hook(self._record)

    def start(self, rows: int) -> None:
        """Says that the next images are about to go through."""
        self.features = []
        self._call = 0
        self._rows = rows

    def _record(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if not isinstance(output, Tensor) or output.dim() != 4 or output.shape[0] != self._rows:
            return
        if "block_gains" in self.needs:
            self.features.append(output)
        if "block_entropies" in self.needs:
            points = output.detach().permute(0, 2, 3, 1).reshape(-1, output.shape[1])
            count, total, square = self._moments.get(self._call, (0, torch.zeros(()), torch.zeros(())))
            self._moments[self._call] = (
                count + len(points),
                total + points.sum(0).double().cpu(),
                square + (points.T @ points).double().cpu(),
            )
        self._call += 1

    def results(self) -> dict[str, Any]:
        """The by-products, when all images have gone through."""
        if "block_entropies" not in self.needs:
            return {}
        return {"block_entropies": tuple(_entropy(*moments) for moments in self._moments.values())}


def _entropy(count: int, total: Tensor, square: Tensor) -> float:
    """The Shannon entropy of the normalised spectrum of a covariance; nan for a constant feature map."""
    mean = total / count
    spectrum = np.linalg.eigvalsh((square / count - torch.outer(mean, mean)).numpy()).clip(min=0)
    if not spectrum.sum() > 0:
        return float("nan")
    share = spectrum / spectrum.sum()
    return float(-(share * np.log(share + 1e-8)).sum())
