"""Stochastic gradient descent with momentum, a learning rate that falls along a cosine, and mixed precision."""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from rayzc.options import Recipe

__all__ = ["Descent", "learning_rate"]


class Descent:
    """The optimiser of a training.

    Args:
        parameters: what is trained.
        recipe: how.
        device: where the parameters are.

    Attributes:
        mixed: whether it computes in mixed precision, which takes a GPU.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], recipe: Recipe, device: torch.device) -> None:
        self._parameters, self._recipe, self._device = list(parameters), recipe, device
        self.mixed = recipe.precision == "mixed" and device.type == "cuda"
        self._half = torch.bfloat16 if self.mixed and torch.cuda.is_bf16_supported() else torch.float16
        self._optimiser = torch.optim.SGD(
            self._parameters,
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=recipe.nesterov,
            fused=True,
        )
        # The range of bfloat16 is that of float32, so that gradients need no scaling.
        self._scaler = torch.amp.GradScaler(device.type, enabled=self.mixed and self._half is torch.float16)

    def precision(self) -> AbstractContextManager[Any]:
        """In this block, forward passes compute in the precision of the recipe."""
        return torch.autocast(self._device.type, self._half) if self.mixed else nullcontext()

    def step(self, loss: Tensor, epoch: float) -> None:
        """Takes a step down the gradient of a loss, at a moment that is given in epochs."""
        self._optimiser.zero_grad(set_to_none=True)
        self._optimiser.param_groups[0]["lr"] = learning_rate(self._recipe, epoch)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self._recipe.clip:
            self._scaler.unscale_(self._optimiser)
            nn.utils.clip_grad_norm_(self._parameters, self._recipe.clip)
        self._scaler.step(self._optimiser)
        self._scaler.update()

    def saved(self) -> dict[str, Any]:
        """What it needs to go on."""
        return {"optimiser": self._optimiser.state_dict(), "scaler": self._scaler.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from what :meth:`saved` gave."""
        self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])


def learning_rate(recipe: Recipe, epoch: float) -> float:
    """The learning rate at a moment: it rises linearly in the warm-up, and then falls to 0 along a cosine.

    Args:
        recipe: how long, how high.
        epoch: the moment, in epochs since the beginning; steps lie at fractions.
    """
    if epoch < recipe.warmup:
        return recipe.learning_rate * epoch / recipe.warmup
    share = (epoch - recipe.warmup) / (recipe.epochs - recipe.warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
