"""Saliencies: activation times gradient at the outputs of the layers, read while the gradients are taken."""

from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.errors import ProxyError
from rayzc.passes.gradients import Gradients
from rayzc.passes.network import images_first
from rayzc.passes.replica import OverwrittenError
from rayzc.passes.results import OUT_OF_MEMORY
from rayzc.passes.stages import Batch, Part, Stage, Way
from rayzc.passes.survey import CONVOLUTIONS
from rayzc.passes.twice_differentiable import Backward
from rayzc.passes.watching import Arguments, Keywords, Listener, argument, unwatched

__all__ = ["Saliencies"]

Key = tuple[str, int]
"""A layer, as no name and the identity of its module; or a weight's name and where the part of it begins."""


class Sides(Enum):
    """The order of the sides of a layer's output.

    Within torch's attention it is tokens, images or windows of them, channels, the first two possibly as one. The
    number of images or windows stands for that.
    """

    MAPS = "images, channels, positions"
    TOKENS = "images or windows of them, tokens, channels; or tokens first"


OWN_OUTPUT = (nn.modules.conv._ConvNd, nn.Linear, nn.Bilinear)
"""Layers whose output is that of the function their weight enters."""


class Saliencies(Stage):
    """Per layer and channel, half the mean over the images of (sum over positions of activation * gradient)^2.

    Gathered at the outputs of the layers while the gradients are taken. Those of weights outside of layers are the
    outputs of the functions that the weights enter. A weight that enters others is not seen, as in recurrent layers.
    """

    way = Way.LOSS
    reads = Gradients

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._overwritten = False
        self._repeated = False
        self._rows = batch.images
        self._sums: dict[Key, Tensor] = {}
        self._scratch: dict[torch.Size, Tensor] = {}
        self._listener = _Products(batch, self._keep)

    def hooks(self, model: nn.Module, images: range) -> Iterator[RemovableHandle]:
        """Listens to the layers."""
        # An activation that works in place would overwrite the output of the layer before it.
        self._overwritten = any(getattr(module, "inplace", False) for module in model.modules())
        self._overwritten |= self.batch.subject.copies
        self._rows = len(images)
        self._listener.begin()
        for module in dict.fromkeys(layer.module for layer in self.batch.subject.layers):
            if isinstance(module, OWN_OUTPUT):
                if not self.batch.subject.tabulated:
                    yield module.register_forward_pre_hook(self._listener.enter)
                yield module.register_forward_hook(self._record)

    def listener(self) -> Listener | None:
        """Returns what listens to functions, unless the network calls only modules."""
        return None if self.batch.subject.tabulated else self._listener

    @unwatched
    def _record(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self._listener.leave()
        if isinstance(output, Tensor):
            last = isinstance(module, (nn.Linear, nn.Bilinear))
            self._keep(("", id(module)), output, Sides.TOKENS if last else Sides.MAPS)

    def _keep(self, key: Key, output: Tensor, sides: Sides | int) -> None:
        if output.requires_grad:
            # The graph keeps its hooks to the end; the activation can be freed as soon as it was used.
            kept = [output.detach().clone() if self._overwritten else output.detach()]
            listener = partial(self._add, key, sides, kept, kept[0]._version)
            output.register_hook(listener)  # type: ignore[no-untyped-call]

    def _add(self, key: Key, sides: Sides | int, kept: list[Tensor], version: int, gradient: Tensor) -> None:
        if self.batch.purpose.backward is not Backward.WEIGHTS:
            return
        if not kept:
            self._repeated = True
            return
        activation = kept.pop()
        if activation._version != version:
            raise OverwrittenError
        # Memory is kept from one layer to the next: fresh memory costs more than the product.
        scratch = self._scratch.get(activation.shape)
        if scratch is None:
            scratch = self._scratch[activation.shape] = torch.empty_like(activation)
        product = torch.mul(activation, gradient.detach(), out=scratch)
        positions = self._summed(product, sides)
        channels = positions.square().sum(0)
        known = self._sums.get(key)
        self._sums[key] = channels if known is None else known + channels

    def _summed(self, product: Tensor, sides: Sides | int) -> Tensor:
        """Sums over positions: ``(images, channels)``."""
        if sides is Sides.MAPS:
            return product.sum(tuple(range(2, product.dim()))) if product.dim() > 2 else product
        channels = product.shape[-1]
        if isinstance(sides, int):
            windows = product.reshape(-1, sides, channels).sum(0)
            return windows.reshape(self._rows, -1, channels).sum(1) if sides > self._rows else windows
        first = images_first(product, self._rows, sequence_first=self.batch.subject.sequence_first)
        if first is None:
            return product.reshape(-1, channels)
        return (
            first if first.shape == (self._rows, channels) else first.reshape(self._rows, -1, channels).sum(1)
        )

    def run(self, part: Part) -> None:
        """Checks that the gradients arrived once.

        Raises:
            ProxyError: memory ran out on their way, so that they came twice, the first time not everywhere.
        """
        if self._repeated:
            raise ProxyError(OUT_OF_MEMORY)

    def results(self) -> dict[str, Any]:
        """Returns ``saliencies``, zeros for a layer that the backward pass did not reach, and ``unseen`` layers."""
        self._scratch.clear()
        batch = self.batch
        found: list[Tensor] = []
        loose = set(self._listener.entered)
        for layer in batch.subject.layers:
            total = self._sums.get(("", id(layer.module))) if isinstance(layer.module, OWN_OUTPUT) else None
            pieces = [value for (name, _), value in sorted(self._sums.items()) if name == layer.weight]
            if total is None and pieces and layer.weight in loose:
                loose.remove(layer.weight)  # tied layers share it: the first has it all
                total = torch.cat(pieces)
            if total is None:
                total = torch.zeros(batch.replica.parameters[layer.weight].shape[0])
            found.append(total.cpu() * (0.5 / batch.images))
        unseen = [
            layer.weight
            for layer in batch.subject.layers
            if not isinstance(layer.module, OWN_OUTPUT) and layer.weight not in self._listener.entered
        ]
        return {"saliencies": tuple(found), "unseen": tuple(unseen)}


class _Products(Listener):
    """Hands over the outputs of the functions that weights outside of layers enter."""

    def __init__(self, batch: Batch, keep: Callable[[Key, Tensor, Sides | int], None]) -> None:
        self._keep = keep
        self._within = 0
        self._names = {
            parameter.untyped_storage().data_ptr(): layer.weight
            for layer in batch.subject.layers
            if (parameter := batch.replica.parameters[layer.weight]).numel()
        }
        self.entered: set[str] = set()

    def begin(self) -> None:
        """Starts with a new part of the batch."""
        self._within = 0

    def enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        """A layer is about to run, which is listened to by itself."""
        self._within += 1

    def leave(self) -> None:
        """A layer has run."""
        self._within -= 1

    def after(self, name: str, args: Arguments, kwargs: Keywords, result: Any) -> None:
        """Hands over the output of a product with a weight."""
        if self._within or not isinstance(result, Tensor):
            return
        if name in CONVOLUTIONS or name == "linear":
            weight = argument(args, kwargs, 1, "weight")
        elif name in {"matmul", "__matmul__", "mm", "bmm"} and len(args) == 2:
            weight = args[1]
        elif name in {"addmm", "baddbmm"} and len(args) == 3:
            weight = args[2]
        else:
            return
        known = isinstance(weight, Tensor) and self._names.get(weight.untyped_storage().data_ptr())
        if known:
            self.entered.add(known)
            sides = Sides.MAPS if name in CONVOLUTIONS else self.in_attention or Sides.TOKENS
            self._keep((known, weight.storage_offset()), result, sides)
