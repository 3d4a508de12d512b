"""Proxies of a network's size: parameters, operations, and the norm of the weights."""

import math

from rayzc.passes.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["flops", "l2_norm", "macs", "params"]

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

    Multiply-adds of convolutions and matrix products count one; norms, activations and pools count their
    elementwise work (see :mod:`rayzc.passes.operations`). In the search spaces with tables a module that is called
    twice counts once, as in the suite; elsewhere every call counts. For multiply-adds alone, see :func:`macs`.
    A baseline of Ning et al., "Evaluating efficient performance estimators of neural architectures", NeurIPS 2021.
    """
    return measured.operations / MILLION


@proxy(needs="macs")
def macs(measured: ByProducts) -> float:
    """Multiply-adds per image, in millions, of convolutions, matrix products, attention and recurrent layers.

    Whatever torch dispatches counts, as often as it is called; elementwise work does not (see
    :mod:`rayzc.passes.macs`). A baseline of Ning et al., "Evaluating efficient performance estimators of neural
    architectures", NeurIPS 2021.
    """
    return measured.macs / MILLION


@proxy(needs="weights")
def l2_norm(measured: ByProducts) -> float:
    """Sum over the layers of the 2-norm of the weight.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021.
    """
    norms = ((weight, float(weight.norm())) for weight in measured.weights)
    # The square of a large weight exceeds float32.
    return sum(norm if math.isfinite(norm) else float(weight.double().norm()) for weight, norm in norms)
