"""By-products of the backward passes from logits and loss: the Jacobian, gradients and curvatures."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rayzc.errors import ProxyError
from rayzc.passes.replica import derivatives
from rayzc.passes.results import OUT_OF_MEMORY, is_out_of_memory
from rayzc.passes.second_order import SecondOrder
from rayzc.passes.stages import Batch, Part, Stage, Way
from rayzc.passes.twice_differentiable import Backward

__all__ = ["Curvatures", "Gradients", "Jacobian"]


class Jacobian(Stage):
    """The gradient of the summed outputs by each image, ``(images, inputs)``; zero where no gradient flows."""

    way = Way.IMAGES

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._rows: list[Tensor] = []

    def run(self, part: Part) -> None:
        """Runs the backward pass from the logits to the images."""
        self.batch.subject.passes["jacobian"] += 1
        self.batch.purpose.backward = Backward.IMAGES
        # Only the loss may need the graph for another backward pass.
        (rows,) = derivatives(part.logits.sum(), [part.shown], keep=bool(self.batch.weights))
        self._rows.append(rows.detach().flatten(1))

    def results(self) -> dict[str, Any]:
        """Returns ``jacobian``."""
        return {"jacobian": torch.cat(self._rows)}


class Gradients(Stage):
    """The gradient of the loss by each weight, summed over the parts of each half; zeros where no gradient flows."""

    way = Way.LOSS

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._sums = [[torch.zeros_like(weight) for weight in batch.weights] for _ in batch.halves]

    def run(self, part: Part) -> None:
        """Runs the backward pass from the loss to the weights, and stores the gradients in the part."""
        loss = self.batch.loss(part.images, part.logits)
        if not loss.requires_grad or not self.batch.weights:
            return
        self.batch.subject.passes["backward"] += 1
        self.batch.purpose.backward = Backward.WEIGHTS
        part.gradients = self._differentiated(loss, part)
        for total, gradient in zip(self._sums[part.half], part.gradients, strict=True):
            if gradient is not None:
                total += gradient.detach()

    def _differentiated(self, loss: Tensor, part: Part) -> Sequence[Tensor | None]:
        weights = self.batch.weights
        if part.second_order is not None:
            try:
                return torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
            except Exception as error:
                if not is_out_of_memory(error) or not self.batch.subject.coupled:
                    raise
                part.second_order = None
        # Outside the handler, whose traceback keeps the failed pass and its memory alive.
        return torch.autograd.grad(loss, weights, allow_unused=True)

    def results(self) -> dict[str, Any]:
        """Returns ``gradients`` and ``half_gradients``."""
        replica, images = self.batch.replica, self.batch.images
        total = [torch.stack(halves).sum(0) for halves in zip(*self._sums, strict=True)]
        found: dict[str, Any] = {"gradients": replica.per_layer(total)}
        if "half_gradients" in self.batch.needs:
            found["half_gradients"] = tuple(
                replica.per_layer([images / sum(map(len, half)) * gradient for gradient in gradients])
                for half, gradients in zip(self.batch.halves, self._sums, strict=True)
            )
        return found


class Curvatures(Stage):
    """Per layer w . (H g), for its weight w, gradient g and the loss's Hessian H.

    It takes a graph of the gradients. Where the batch goes through in parts, each goes through once more for it, as
    g is known only when all have been through.
    """

    way = Way.LOSS
    reads = Gradients

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self._shares = [0.0] * len(batch.weights)

    def run(self, part: Part) -> None:
        """Differentiates the gradients, where the whole batch went through together.

        Raises:
            ProxyError: there was no memory for their graph.
        """
        if self.batch.split or not part.gradients:
            return
        if part.second_order is None:
            raise ProxyError(OUT_OF_MEMORY)
        self.batch.subject.passes["curvature"] += 1
        self._shares = part.second_order.curvatures(part.gradients)

    def results(self) -> dict[str, Any]:
        """Returns ``curvatures``."""
        if self.batch.split:
            for images in (images for half in self.batch.halves for images in half):
                self._run_again(images)
        return {"curvatures": self.batch.replica.per_layer(self._shares)}

    def _run_again(self, images: range) -> None:
        """Adds the share of some of the images, for the gradients of the whole batch."""
        batch, passes = self.batch, self.batch.subject.passes
        passes["forward"] += 1
        passes["curvature"] += 1
        second_order = SecondOrder(batch.weights, batch.purpose)
        with second_order:
            logits = batch.replica.logits(batch.shown(images))
        loss = batch.loss(images, logits)
        if not loss.requires_grad:
            return
        batch.purpose.backward = Backward.WEIGHTS
        gradients = torch.autograd.grad(loss, batch.weights, create_graph=True, allow_unused=True)
        direction = batch.replica.per_weight(batch.results["gradients"])
        for index, share in enumerate(second_order.curvatures(gradients, direction)):
            self._shares[index] += share
