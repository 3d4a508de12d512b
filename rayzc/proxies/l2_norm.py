"""The size of the weights."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["l2_norm"]


@proxy(needs="weights")
def l2_norm(measured: ByProducts) -> float:
    """Sum over the layers of the 2-norm of the weight.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021.
    """
    return sum(float(weight.norm()) for weight in measured.weights)
