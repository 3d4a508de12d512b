"""SynFlow."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy
from rayzc.proxies.synaptic_flow import signed_log

__all__ = ["synflow"]


@proxy(needs="flow")
def synflow(measured: ByProducts) -> float:
    """sign(s) * log|s| of the synaptic flow s, without batch norm; 0 where nothing flows.

    s is the sum over all weights of |w * dR/dw| in the network of absolute weights, R its summed outputs for an
    image of ones, in float64. The suite stores the logarithm, and 0 for s = 0.

    Tanaka et al., "Pruning neural networks without any data by iteratively conserving synaptic flow", NeurIPS 2020;
    as a proxy in Abdelfattah et al., ICLR 2021.
    """
    return signed_log(measured.flow)
