"""AZ-NAS's proxies of the primary blocks: what their features span, and how signals come back through them."""

import math
from itertools import pairwise

from rayzc.passes.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["expressivity", "progressivity", "trainability"]


@proxy(needs="block_entropies")
def expressivity(measured: ByProducts) -> float:
    """Sum over the primary blocks of the entropy of the spectrum of their features' covariance.

    Measured with the network's own weights and images; the authors draw both anew. Primary blocks are what
    :func:`rayzc.passes.network.blocks` says. -inf where a block's features are constant, or no block
    puts out maps or tokens.

    Lee and Ham, "AZ-NAS: assembling zero-cost proxies for network architecture search", CVPR 2024.
    """
    total = sum(measured.block_entropies)
    return -math.inf if math.isnan(total) or not measured.block_entropies else total


@proxy(needs="block_entropies")
def progressivity(measured: ByProducts) -> float:
    """The least growth of expressivity from one primary block to the next.

    See :func:`expressivity`. -inf where a block's features are constant, or with fewer than two blocks.

    Lee and Ham, "AZ-NAS: assembling zero-cost proxies for network architecture search", CVPR 2024.
    """
    entropies = measured.block_entropies
    if len(entropies) < 2 or any(math.isnan(entropy) for entropy in entropies):
        return -math.inf
    return min(after - before for before, after in pairwise(entropies))


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
