"""Zen-NAS."""

import math

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import UNDEFINED, proxy

__all__ = ["zen"]


@proxy(needs="gaussian")
def zen(measured: ByProducts) -> float:
    """Log of the mean feature difference plus the sum over batch norms of log sqrt(mean running variance).

    Weights and images are drawn from N(0, 1); the difference is that of adding 0.01 times another such image. -1e8
    where features do not depend on the image, as in the suite.

    Lin et al., "Zen-NAS: a zero-shot NAS for high-performance image recognition", ICCV 2021.
    """
    answer = measured.gaussian
    if not answer.difference > 0 or not all(variance > 0 for variance in answer.variances):
        return UNDEFINED
    return math.log(answer.difference) + sum(0.5 * math.log(variance) for variance in answer.variances)
