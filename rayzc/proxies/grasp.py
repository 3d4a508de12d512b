"""GraSP."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["grasp"]


@proxy(needs="curvatures")
def grasp(measured: ByProducts) -> float:
    """Sum over all weights of -w * (H g), for gradient g and Hessian H of the loss.

    The suite leaves the loss at temperature 1 and drops no sign, unlike the pruning method.

    Wang, Zhang and Grosse, "Picking winning tickets before training by preserving gradient flow", ICLR 2020; as a
    proxy in Abdelfattah et al., ICLR 2021.
    """
    return -sum(measured.curvatures)
