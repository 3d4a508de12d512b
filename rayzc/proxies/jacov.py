"""Jacobian covariance."""

import numpy as np

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import UNDEFINED, proxy

__all__ = ["jacov"]

SHIFT = 1e-5


@proxy(needs="jacobian")
def jacov(measured: ByProducts) -> float:
    """-sum(log(v + k) + 1 / (v + k)) over the eigenvalues v of the correlations of the images' Jacobians.

    The Jacobian of an image is the gradient of its summed outputs by its pixels; k is 1e-5. A network that passes
    nothing back has no correlations: -1e8.

    Mellor et al., "Neural architecture search without training", first version, arXiv 2006.04647v1.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.atleast_2d(np.corrcoef(measured.jacobian.cpu().numpy()))
    if not np.isfinite(correlations).all():
        return UNDEFINED
    values = np.linalg.eigvalsh(correlations) + SHIFT
    return float(-(np.log(values) + 1 / values).sum()) if (values > 0).all() else UNDEFINED
