"""AZ-NAS: expressivity."""

import math

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["expressivity"]


@proxy(needs="block_entropies")
def expressivity(measured: ByProducts) -> float:
    """Sum over the primary blocks of the entropy of the spectrum of their features' covariance.

    Measured with the network's own weights and images; the authors draw both anew. Primary blocks are what
    :func:`rayzc.passes.network.blocks` says. -inf where a block's features are constant.

    Lee and Ham, "AZ-NAS: assembling zero-cost proxies for network architecture search", CVPR 2024.
    """
    total = sum(measured.block_entropies)
    return -math.inf if math.isnan(total) else total
