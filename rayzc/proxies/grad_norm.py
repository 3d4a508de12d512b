"""The size of the gradient."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["grad_norm"]


@proxy(needs="gradients")
def grad_norm(measured: ByProducts) -> float:
    """Sum over the layers of the 2-norm of the loss's gradient by the weight.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021.
    """
    return sum(float(gradient.norm()) for gradient in measured.gradients)
