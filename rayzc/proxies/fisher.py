"""Fisher."""

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["fisher"]


@proxy(needs=("weights", "saliencies"))
def fisher(measured: ByProducts) -> float:
    """Sum over all weights of their output channel's Fisher saliency.

    A channel's saliency is half the mean over the images of the squared sum, over positions, of activation times
    gradient at the layer's output. The suite gives every weight of a channel the channel's value, so a channel
    counts as often as it has weights.

    Theis et al., "Faster gaze prediction with dense networks and Fisher pruning", 2018; Turner et al.,
    "BlockSwap", ICLR 2020; as a proxy in Abdelfattah et al., ICLR 2021.
    """
    pairs = zip(measured.weights, measured.saliencies, strict=True)
    return sum(float(saliency.double().sum()) * weight[0].numel() for weight, saliency in pairs)
