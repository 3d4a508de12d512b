"""Proxies that read the Jacobian: how alike the gradients of the outputs are for different images."""

import numpy as np
from numpy.typing import NDArray

from rayzc.passes.by_products import ByProducts
from rayzc.proxies.registry import UNDEFINED, proxy

__all__ = ["epe_nas", "jacov"]

SHIFT = 1e-5
MANY = 100
"""Classes beyond which classes are compared with each other rather than summed."""


@proxy(needs="jacobian")
def jacov(measured: ByProducts) -> float:
    """-sum(log(v + k) + 1 / (v + k)) over the eigenvalues v of the correlations of the images' Jacobians.

    The Jacobian of an image is the gradient of its summed outputs by its pixels; k is 1e-5. A network that passes
    nothing back has no correlations: -1e8.

    Mellor et al., "Neural architecture search without training", first version, arXiv 2006.04647v1.
    """
    jacobian = measured.jacobian.cpu().numpy()
    if not np.isfinite(jacobian).all():
        return np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.atleast_2d(np.corrcoef(jacobian))
    if not np.isfinite(correlations).all():
        return UNDEFINED
    values = np.linalg.eigvalsh(correlations) + SHIFT
    return float(-(np.log(values) + 1 / values).sum()) if (values > 0).all() else UNDEFINED


@proxy(needs="jacobian")
def epe_nas(measured: ByProducts) -> float:
    """Sum over the classes of |sum log(|c| + k)|, c the correlations of the Jacobians within the class.

    k is 1e-5. Beyond 100 classes each class's sum is divided by its number of images, classes of one image are
    left out, and the score is the mean over classes of the summed absolute differences to all classes. A network
    that passes nothing back has no correlations: -1e8.

    Lopes, Alirezazadeh and Alexandre, "EPE-NAS: efficient performance estimation without training for neural
    architecture search", ICANN 2021.
    """
    jacobian, labels = measured.jacobian.cpu().numpy(), measured.labels.cpu().numpy()
    if not np.isfinite(jacobian).all():
        return np.nan
    many = (measured.classes or 0) > MANY
    sums = [
        _class_sum(jacobian[labels == label], many)
        for label in np.unique(labels)
        if not many or (labels == label).sum() > 1
    ]
    if not sums or not np.isfinite(sums).all():
        return UNDEFINED
    if not many:
        return float(np.abs(sums).sum())
    return float(np.abs(np.subtract.outer(sums, sums)).sum() / len(sums))


def _class_sum(jacobian: NDArray[np.float32], many: bool) -> float:
    """The summed log-correlations of the Jacobians ``(images, inputs)`` of one class."""
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.atleast_2d(np.corrcoef(jacobian))
    total = float(np.log(np.abs(correlations) + SHIFT).sum())
    return total / len(correlations) if many else total
