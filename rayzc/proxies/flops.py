"""The number of operations."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["flops"]

MILLION = 1e6


@proxy(needs="operations")
def flops(measured: ByProducts) -> float:
    """Operations per image, in millions, as NAS-Bench-Suite-Zero counts them.

    Multiply-adds of convolutions and linear layers count one; norms, activations and pools count their
    elementwise work (see :mod:`rayzc.passes.operations`). A baseline of Ning et al., "Evaluating
    efficient performance estimators of neural architectures", NeurIPS 2021.
    """
    return measured.operations / MILLION
