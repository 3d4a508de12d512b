"""Weight times gradient."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["plain"]


@proxy(needs=("weights", "gradients"))
def plain(measured: ByProducts) -> float:
    """Sum over all weights of weight times gradient.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021, after Mozer and Smolensky,
    "Skeletonization", NIPS 1988. Behind batch norm it is a small rest of large terms, mostly noise.
    """
    pairs = zip(measured.weights, measured.gradients, strict=True)
    return sum(float((weight * gradient).sum()) for weight, gradient in pairs)
