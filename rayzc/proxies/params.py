"""The number of parameters."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["params"]

MILLION = 1e6


@proxy(needs=())
def params(measured: ByProducts) -> float:
    """Number of parameters, in millions; tied ones count once, frozen ones count.

    A baseline of Ning et al., "Evaluating efficient performance estimators of neural architectures", NeurIPS 2021.
    """
    return measured.parameters / MILLION
