"""What synflow and synflow_bn share."""

import math
from collections.abc import Sequence

from torch import Tensor

__all__ = ["signed_log"]


def signed_log(flow: Sequence[tuple[Tensor, Tensor]]) -> float:
    """sign(s) * log|s| of the summed |weight * gradient|; 0 for 0, inf beyond float64."""
    total = sum(float((weight * gradient).abs().sum()) for weight, gradient in flow)
    return math.log(total) if total > 0 else total
