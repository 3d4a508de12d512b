"""Proxies that read the gradient of the loss: its size, its product with the weights, its curvature and steadiness."""

import numpy as np

from rayzc.passes.by_products import ByProducts
from rayzc.proxies.registry import UNDEFINED, proxy

__all__ = ["fisher", "grad_norm", "grasp", "plain", "snip", "zico"]


@proxy(needs="gradients")
def grad_norm(measured: ByProducts) -> float:
    """Sum over the layers of the 2-norm of the loss's gradient by the weight.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021.
    """
    return sum(float(gradient.norm()) for gradient in measured.gradients)


@proxy(needs=("weights", "gradients"))
def snip(measured: ByProducts) -> float:
    """Sum over all weights of the absolute value of weight times gradient.

    Lee, Ajanthan and Torr, "SNIP: single-shot network pruning based on connection sensitivity", ICLR 2019; summed
    over the network by Abdelfattah et al., ICLR 2021.
    """
    pairs = zip(measured.weights, measured.gradients, strict=True)
    return sum(float((weight * gradient).abs().sum()) for weight, gradient in pairs)


@proxy(needs=("weights", "gradients"))
def plain(measured: ByProducts) -> float:
    """Sum over all weights of weight times gradient.

    Abdelfattah et al., "Zero-cost proxies for lightweight NAS", ICLR 2021, after Mozer and Smolensky,
    "Skeletonization", NIPS 1988. Before batch norm it is a small difference of large terms, mostly noise.
    """
    pairs = zip(measured.weights, measured.gradients, strict=True)
    return sum(float((weight * gradient).sum()) for weight, gradient in pairs)


@proxy(needs="curvatures")
def grasp(measured: ByProducts) -> float:
    """Sum over all weights of -w * (H g), for gradient g and Hessian H of the loss.

    The suite leaves the loss at temperature 1 and drops no sign, unlike the pruning method.

    Wang, Zhang and Grosse, "Picking winning tickets before training by preserving gradient flow", ICLR 2020; as a
    proxy in Abdelfattah et al., ICLR 2021.
    """
    return -sum(measured.curvatures)


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
    return sum(
        float(saliency.double().sum()) * (weight.numel() // len(saliency)) for weight, saliency in pairs
    )


@proxy(needs="half_gradients")
def zico(measured: ByProducts) -> float:
    """Sum over the layers of log(sum over weights of mean|g| / std(g)), over the two halves of the batch.

    Weights whose gradient is the same for both halves are left out, and so are layers without others. -1e8 for a
    single image, which has no halves. Where the two are so close that float32 cancels, they are
    taken in float64, but in the search spaces with tables.

    Li et al., "ZiCo: zero-shot NAS via inverse coefficient of variation on gradients", ICLR 2023.
    """
    if len(measured.half_gradients) < 2:
        return UNDEFINED
    score = 0.0
    for halves in zip(*measured.half_gradients, strict=True):
        gradients = np.stack([half.cpu().numpy() for half in halves])
        if not np.isfinite(gradients).all():
            return np.nan
        deviation = gradients.std(0)
        steady = np.abs(gradients).mean(0)[deviation != 0] / deviation[deviation != 0]
        total = float(steady.sum())
        score += np.log(total) if total > 0 else 0.0
    return score
