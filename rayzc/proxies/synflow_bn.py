"""SynFlow with batch norm."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy
from rayzc.proxies.synaptic_flow import signed_log

__all__ = ["synflow_bn"]


@proxy(needs="flow_bn")
def synflow_bn(measured: ByProducts) -> float:
    """As synflow, with batch norm in train mode left in its place.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021, whose code has both.
    """
    return signed_log(measured.flow_bn)
