"""Proxies of a network's size: parameters, operations, and the norm of the weights."""

from rayzc.passes.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["flops", "l2_norm", "params"]

MILLION = 1e6


@proxy(needs=())
def params(measured: ByProducts) -> float:
    """Number of parameters, in millions; tied ones count once, frozen ones count.

    A baseline of Ning et al., "Evaluating efficient performance estimators of neural architectures", NeurIPS 2021.
    """
    return measured.parameters / MILLION


@proxy(needs="operations")
def flops(measured: ByProducts) -> float:
    """Operations per image, in millions, as NAS-Bench-Suite-Zero counts them.

    Multiply-adds of convolutions and linear layers count one; norms, activations and pools count their
    elementwise work (see :mod:`rayzc.passes.operations`). A baseline of Ning et al., "Evaluating
    efficient performance estimators of neural architectures", NeurIPS 2021.
    """
    return measured.operations / MILLION


@proxy(needs="weights")
def l2_norm(measured: ByProducts) -> float:
    """Sum over the layers of the 2-norm of the weight.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021.
    """
    return sum(float(weight.norm()) for weight in measured.weights)
