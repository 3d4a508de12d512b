"""ZiCo."""

import numpy as np

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import UNDEFINED, proxy

__all__ = ["zico"]


@proxy(needs="half_gradients")
def zico(measured: ByProducts) -> float:
    """Sum over the layers of log(sum over weights of mean|g| / std(g)), over the two halves of the batch.

    Weights whose gradient is the same for both halves are left out, and so are layers without others. -1e8 for a
    single image, which has no halves.

    Li et al., "ZiCo: zero-shot NAS via inverse coefficient of variation on gradients", ICLR 2023.
    """
    if len(measured.half_gradients) < 2:
        return UNDEFINED
    score = 0.0
    for halves in zip(*measured.half_gradients, strict=True):
        gradients = np.stack([half.cpu().numpy() for half in halves])
        deviation = gradients.std(0)
        steady = np.abs(gradients).mean(0)[deviation != 0] / deviation[deviation != 0]
        total = float(steady.sum())
        score += np.log(total) if total > 0 else 0.0
    return score
