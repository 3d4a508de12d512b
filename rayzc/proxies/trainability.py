"""AZ-NAS: trainability."""

import math

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["trainability"]


@proxy(needs="block_gains")
def trainability(measured: ByProducts) -> float:
    """Mean over consecutive primary blocks of 2 - s - 1 / s, greatest (0) where the gain s of a block is 1.

    s is the largest singular value of the mean outer product of a signal of random signs at the block's output
    with what arrives of it at its input. -inf where a block does nothing, or with fewer than two connected blocks.

    Lee and Ham, "AZ-NAS: assembling zero-cost proxies for network architecture search", CVPR 2024.
    """
    gains = measured.block_gains
    if not gains or math.inf in gains:
        return -math.inf
    return sum(2 - gain - 1 / (gain + 1e-6) for gain in gains) / len(gains)
