"""Recording activation times gradient at the outputs of the weighted layers, for Fisher."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from rayzc.passes.network import Layer

__all__ = ["Saliencies"]


class Saliencies:
    """Per layer and channel, half the mean over the images of (sum over positions of activation * gradient)^2.

    Attributes:
        listening: whether the backward pass that is being run is the one to listen to.
    """

    needs = frozenset({"saliencies"})

    def __init__(self, images: int, layers: Sequence[Layer]) -> None:
        self.listening = False
        self._images = images
        self._layers = layers
        self._overwritten = False
        self._sums: dict[int, Tensor] = {}
        self._scratch: dict[torch.Size, Tensor] = {}

    def hooks(self, model: nn.Module) -> Iterator[RemovableHandle]:
        """Starts listening to the layers."""
        # An activation that works in place would overwrite what the layer before it gave.
        self._overwritten = any(getattr(module, "inplace", False) for module in model.modules())
        for layer in self._layers:
            yield layer.module.register_forward_hook(self._record)

    def start(self, rows: int) -> None:
        """Says that the next images are about to go through; nothing to prepare."""

    def _record(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        if output.requires_grad:
            # The graph keeps its hooks to the end; the activation may go as soon as it was used.
            kept = [output.detach().clone() if self._overwritten else output.detach()]
            listener = partial(self._add, id(module), kept)
            output.register_hook(listener)  # type: ignore[no-untyped-call]

    def _add(self, layer: int, kept: list[Tensor], gradient: Tensor) -> None:
        if not self.listening:
            return
        activation = kept.pop()
        # Memory is kept from one layer to the next: fresh memory costs more than the product.
        scratch = self._scratch.get(activation.shape)
        if scratch is None:
            scratch = self._scratch[activation.shape] = torch.empty_like(activation)
        product = torch.mul(activation, gradient.detach(), out=scratch)
        positions = product.sum(tuple(range(2, product.dim()))) if product.dim() > 2 else product
        channels = positions.square().sum(0)
        known = self._sums.get(layer)
        self._sums[layer] = channels if known is None else known + channels

    def results(self) -> dict[str, Any]:
        """The by-products, when the backward pass is done; zeros for a layer it did not reach."""
        self._scratch.clear()
        return {
            "saliencies": tuple(
                self._sums.get(id(layer.module), torch.zeros(layer.module.weight.shape[0])).cpu()
                * (0.5 / self._images)
                for layer in self._layers
            )
        }
