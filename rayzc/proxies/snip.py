"""SNIP."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["snip"]


@proxy(needs=("weights", "gradients"))
def snip(measured: ByProducts) -> float:
    """Sum over all weights of the absolute value of weight times gradient.

    Lee, Ajanthan and Torr, "SNIP: single-shot network pruning based on connection sensitivity", ICLR 2019; summed
    over the network by Abdelfattah et al., ICLR 2021.
    """
    pairs = zip(measured.weights, measured.gradients, strict=True)
    return sum(float((weight * gradient).abs().sum()) for weight, gradient in pairs)
