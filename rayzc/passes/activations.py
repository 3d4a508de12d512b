"""By-products read from activations in the forward pass: logits, codes of ReLU units, and feature maps."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.passes.network import relus
from rayzc.passes.stages import Batch, Part, Stage

__all__ = ["Codes", "Logits", "Maps"]

WORD = 64
"""Images per pattern word, an int64."""
PIECE = 22
"""Images per float32 sum of powers of two: exact, with two bits to spare."""


class Logits(Stage):
    """The network's output, and the number of classes that it has."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._logits: list[Tensor] = []

    def run(self, part: Part) -> None:
        """Keeps the logits without their graph."""
        self._logits.append(part.logits.detach())

    def results(self) -> dict[str, Any]:
        """Returns ``logits`` and ``classes``."""
        logits = torch.cat(self._logits)
        return {"logits": logits, "classes": logits.shape[-1]}


class Codes(Stage):
    """The activation codes of the batch, reduced to what nwot and swap read.

    A unit is on for an image where its ReLU's input is positive. Every ReLU call is reduced at once where the
    whole batch goes through together; where it comes in parts, the codes are kept until all are there.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._rows = batch.images
        self._call = 0
        self._parts: defaultdict[int, list[Tensor]] = defaultdict(list)
        self._kernel = torch.zeros(batch.images, batch.images, dtype=torch.float64)
        self._words: list[Tensor] = []

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to the ReLUs, whose calls are counted anew for each part."""
        self._rows = len(images)
        self._call = 0
        for module in relus(model):
            yield module.register_forward_pre_hook(self._record)

    def _record(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        units = inputs[0].detach()
        if units.shape[0] % self._rows:
            return  # not an activation per image
        if units.dim() == 4 and not units.is_contiguous():
            units = units.permute(0, 2, 3, 1)  # the order of units is free: take that of the memory
        units = units.reshape(self._rows, -1)
        if self._rows == self.batch.images:
            on = torch.empty(units.shape, dtype=torch.float32, device=units.device)
            self._reduce(torch.gt(units, 0, out=on))
        else:
            self._parts[self._call].append((units > 0).cpu())
        self._call += 1

    def _reduce(self, on: Tensor) -> None:
        """Takes the codes ``(images, units)`` of one ReLU call, 1.0 for on and 0.0 for off."""
        if "kernel" in self.batch.needs:
            both = (on @ on.T).double().cpu()
            count = both.diagonal()
            self._kernel += 2 * both + on.shape[1] - count[:, None] - count[None, :]
        if "patterns" in self.batch.needs:
            self._words.append(_words(on).cpu())

    def results(self) -> dict[str, Any]:
        """Returns ``kernel``, ``patterns`` or both."""
        for parts in self._parts.values():
            self._reduce(torch.cat(parts).float())
        self._parts.clear()
        found: dict[str, Any] = {}
        if "kernel" in self.batch.needs:
            found["kernel"] = self._kernel.numpy()
        if "patterns" in self.batch.needs:
            found["patterns"] = _distinct(torch.cat(self._words, 1)) if self._words else 0
        return found


def _words(on: Tensor) -> Tensor:
    """Each unit's pattern over the images, in int64 words ``(words, units)``."""
    words = []
    for start in range(0, on.shape[0], WORD):
        word = torch.zeros(on.shape[1], dtype=torch.int64, device=on.device)
        for shift in range(0, WORD, PIECE):
            piece = on[start + shift : start + min(shift + PIECE, WORD)]
            if len(piece):
                powers = 2.0 ** torch.arange(len(piece), dtype=torch.float32, device=on.device)
                word |= (powers[None] @ piece)[0].long() << shift
        words.append(word)
    return torch.stack(words)


def _distinct(words: Tensor) -> int:
    """The number of distinct columns."""
    ids = torch.unique(words[0], return_inverse=len(words) > 1)
    if len(words) == 1:
        return int(ids.numel())
    group = ids[1]
    for word in words[1:]:
        values, index = torch.unique(word, return_inverse=True)
        group = torch.unique(group * values.numel() + index, return_inverse=True)[1]
    return int(group.max()) + 1


class Maps(Stage):
    """The first image's output of every module, ``(channels, positions)``, in the order they run.

    A container that hands on its last module's output counts again, as in MeCo's published code.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._maps: list[Tensor] = []
        self._last: Tensor | None = None

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to all modules, until the first image has gone through."""
        if not self._maps:
            for module in model.modules():
                yield module.register_forward_hook(self._record)

    def _record(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, (tuple, list)) and output:
            output = output[0]
        if not isinstance(output, Tensor) or output.dim() < 2:
            return
        if output is not self._last:
            first = output[0].detach()
            self._maps.append(first.reshape(first.shape[0], -1).clone())
            self._last = output
        else:
            self._maps.append(self._maps[-1])

    def results(self) -> dict[str, Any]:
        """Returns ``maps``."""
        self._last = None
        return {"maps": tuple(self._maps)}
