"""NASWOT."""

import numpy as np

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["nwot"]


@proxy(needs="kernel")
def nwot(measured: ByProducts) -> float:
    """log|det K|, where K[i, j] counts the ReLU units that are both on or both off for images i and j.

    ReLUs are modules of that name; ``torch.relu`` within a network's code is not seen.
    -inf where two images are not told apart, or where there are no ReLUs, as in the suite.

    Mellor et al., "Neural architecture search without training", ICML 2021.
    """
    return float(np.linalg.slogdet(measured.kernel)[1])
