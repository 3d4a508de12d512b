"""The proxy that reads the Fisher information: how evenly a network knows its weights."""

import numpy as np

from rayzc.passes.by_products import ByProducts
from rayzc.proxies.registry import UNDEFINED, proxy

__all__ = ["vkdnw"]

DECILES = np.arange(1, 10) / 10


@proxy(needs="fisher_information")
def vkdnw(measured: ByProducts) -> float:
    """Entropy of the nine deciles of the Fisher information's eigenvalues, as shares of their sum.

    The information is that of the softmax output about one entry of each weight and bias, the mean over the images, in
    evaluation mode; beyond 32 classes it is estimated by 32 random directions for each image. The network's own weights
    and images are used; the authors draw both anew, and smooth the softmax. For a ranking, they add the number of
    layers: see :func:`rayzc.proxies.layers`. -1e8 where all deciles are 0, as with very few images, or where the output
    does not depend on the image.

    Tybl and Neumann, "Training-free neural architecture search through variance of knowledge of deep network weights",
    CVPR 2025.
    """
    values = np.linalg.eigvalsh(measured.fisher_information.numpy())
    # Below this, an eigenvalue is rounding error.
    values[values < values.max() * len(values) * np.finfo(np.float64).eps] = 0
    deciles = np.quantile(values, DECILES)
    if not deciles.sum() > 0:
        return UNDEFINED
    share = deciles[deciles > 0] / deciles.sum()
    return float(-(share * np.log(share)).sum())
