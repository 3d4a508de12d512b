"""The optimiser: stochastic gradient descent with momentum, a cosine learning rate, and mixed precision."""

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
        parameters: parameters to train.
        recipe: how to train them.
        device: device of the parameters.

    Attributes:
        mixed: whether it computes in mixed precision, which needs a GPU.
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
        # bfloat16 has the range of float32, so gradients need no scaling.
        self._scaler = torch.amp.GradScaler(device.type, enabled=self.mixed and self._half is torch.float16)

    def precision(self) -> AbstractContextManager[Any]:
        """A context in which forward passes have the precision of the recipe."""
        return torch.autocast(self._device.type, self._half) if self.mixed else nullcontext()

    def step(self, loss: Tensor, epoch: float) -> None:
        """Takes a step down the gradient of a loss.

        Args:
            loss: the loss, a scalar.
            epoch: number of epochs since the beginning, with a fraction for the steps of the current one.
        """
        self._optimiser.zero_grad(set_to_none=True)
        self._optimiser.param_groups[0]["lr"] = learning_rate(self._recipe, epoch)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self._recipe.clip:
            self._scaler.unscale_(self._optimiser)
            nn.utils.clip_grad_norm_(self._parameters, self._recipe.clip)
        self._scaler.step(self._optimiser)
        self._scaler.update()

    def saved(self) -> dict[str, Any]:
        """The state to resume from."""
        return {"optimiser": self._optimiser.state_dict(), "scaler": self._scaler.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restores a state of :meth:`saved`."""
        self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])


def learning_rate(recipe: Recipe, epoch: float) -> float:
    """The learning rate of a step: it rises linearly in the warm-up, and then falls to 0 along a cosine.

    Args:
        recipe: the recipe.
        epoch: number of epochs since the beginning, with a fraction for the steps of the current one.
    """
    if epoch < recipe.warmup:
        return recipe.learning_rate * epoch / recipe.warmup
    share = (epoch - recipe.warmup) / (recipe.epochs - recipe.warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
