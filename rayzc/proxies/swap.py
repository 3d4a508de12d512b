"""SWAP."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["swap"]


@proxy(needs="patterns")
def swap(measured: ByProducts) -> float:
    """Number of distinct patterns of on and off over the batch among the ReLU units; 0 without ReLUs.

    ReLUs are modules of that name; ``torch.relu`` within a network's code is not seen.
    The bare SWAP-Score, without the regularisation by model size.

    Peng, Song, Fayek, Ciesielski and Chang, "SWAP-NAS: sample-wise activation patterns for ultra-fast NAS",
    ICLR 2024.
    """
    return measured.patterns
