"""First derivatives, zero where there is no way back."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["derivatives"]


def derivatives(output: Tensor, by: Sequence[Tensor], *, keep: bool = False) -> list[Tensor]:
    """Differentiates a number.

    Args:
        output: the number.
        by: tensors, in whose shapes the derivatives come; zeros for one that has no part in the number.
        keep: leave the graph for another pass.
    """
    found: Sequence[Tensor | None] = [None] * len(by)
    if output.requires_grad and by:
        found = torch.autograd.grad(output, by, retain_graph=keep, allow_unused=True)
    return [
        torch.zeros_like(tensor) if derivative is None else derivative
        for tensor, derivative in zip(by, found, strict=True)
    ]
