"""Proxies of the network with other weights: their absolute values (SynFlow), or Gaussian draws (Zen-NAS)."""

import math

from rayzc.passes.by_products import ByProducts
from rayzc.passes.separate import Flow
from rayzc.proxies.registry import UNDEFINED, proxy

__all__ = ["synflow", "synflow_bn", "zen"]


@proxy(needs="flow")
def synflow(measured: ByProducts) -> float:
    """sign(s) * log|s| of the synaptic flow s, without batch norm; 0 where nothing flows.

    s is the sum over all weights of |w * dR/dw| in the network of absolute weights, R its summed outputs for an
    image of ones, in float64. The suite stores the logarithm, and 0 for s = 0.

    Tanaka et al., "Pruning neural networks without any data by iteratively conserving synaptic flow", NeurIPS 2020;
    as a proxy in Abdelfattah et al., ICLR 2021.
    """
    return _signed_log(measured.flow)


@proxy(needs="flow_bn")
def synflow_bn(measured: ByProducts) -> float:
    """As synflow, with batch norm in train mode left in its place.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021, whose code has both.
    """
    return _signed_log(measured.flow_bn)


def _signed_log(flow: Flow) -> float:
    """sign(s) * log|s| of the summed |weight * gradient|; 0 for 0, inf beyond float64 unless it can be scaled."""
    total = sum(float((weight * gradient).abs().sum()) for weight, gradient in flow)
    return math.log(total) + flow.log_scale if total > 0 else total


@proxy(needs="gaussian")
def zen(measured: ByProducts) -> float:
    """Log of the mean feature difference plus the sum over batch norms of log sqrt(mean running variance).

    Weights and images are drawn from N(0, 1); the difference is that of adding 0.01 times another such image. -1e8
    where features do not depend on the image, as in the suite.

    Lin et al., "Zen-NAS: a zero-shot NAS for high-performance image recognition", ICCV 2021.
    """
    answer = measured.gaussian
    if not answer.difference > 0 or not all(variance > 0 for variance in answer.variances):
        return UNDEFINED
    return math.log(answer.difference) + sum(0.5 * math.log(variance) for variance in answer.variances)
