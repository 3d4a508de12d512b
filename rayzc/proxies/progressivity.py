"""AZ-NAS: progressivity."""

import math
from itertools import pairwise

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["progressivity"]


@proxy(needs="block_entropies")
def progressivity(measured: ByProducts) -> float:
    """The least growth of expressivity from one primary block to the next.

    See :mod:`rayzc.proxies.expressivity`. -inf where a block's features are constant, or with fewer than two blocks.

    Lee and Ham, "AZ-NAS: assembling zero-cost proxies for network architecture search", CVPR 2024.
    """
    entropies = measured.block_entropies
    if len(entropies) < 2 or any(math.isnan(entropy) for entropy in entropies):
        return -math.inf
    return min(after - before for before, after in pairwise(entropies))
