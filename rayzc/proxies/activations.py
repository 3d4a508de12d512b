"""Proxies that read the activations of one forward pass."""

import numpy as np
import torch

from rayzc.passes.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["meco", "near", "nwot", "swap"]


@proxy(needs="kernel")
def nwot(measured: ByProducts) -> float:
    """log|det K|, where K[i, j] counts the activation units that are both on or both off for images i and j.

    A unit is on where what enters its activation is positive, whichever activation it is, in a module or a function
    (:mod:`rayzc.passes.nonlinear`). -inf where two images have the same code, or where there are no activations, as in
    the suite.

    Mellor et al., "Neural architecture search without training", ICML 2021.
    """
    return float(np.linalg.slogdet(measured.kernel)[1])


@proxy(needs="patterns")
def swap(measured: ByProducts) -> float:
    """Number of distinct patterns of on and off over the batch among the activation units; 0 without any.

    Units are those of :func:`nwot`. The bare SWAP-Score, without the regularisation by model size.

    Peng, Song, Fayek, Ciesielski and Chang, "SWAP-NAS: sample-wise activation patterns for ultra-fast NAS",
    ICLR 2024.
    """
    return measured.patterns


@proxy(needs="maps")
def meco(measured: ByProducts) -> float:
    """Sum over all modules of the least eigenvalue of the channels' correlations in the first image's output.

    As in the authors' code: undefined correlations count 0, and a container that hands on its last module's output
    counts again. 0 where no module puts out a map with more than one position.

    Jiang, Wang and Bie, "MeCo: zero-shot NAS with one data and single forward pass via minimum eigenvalue of
    correlation", NeurIPS 2023.
    """
    known: dict[int, float] = {}
    for found in measured.maps:
        if id(found) not in known:
            known[id(found)] = _least_eigenvalue(found)
    return sum(known[id(found)] for found in measured.maps)


@proxy(needs="effective_ranks")
def near(measured: ByProducts) -> float:
    """Sum over layers, norms and activations of the effective rank of their output; needs no ReLU.

    The output is a matrix of points (images and positions) by channels, of which as many points as channels are drawn;
    its effective rank is the exponential of the entropy of its singular values, as shares of their sum. Modules count,
    functions do not, and a module that is called again counts once. The network's own weights are used, once; the
    authors take neighbouring points and may average over several draws of weights.

    Husistein, Reiher and Eckhoff, "NEAR: a training-free pre-estimator of machine learning model performance",
    ICLR 2025.
    """
    return sum(measured.effective_ranks)


def _least_eigenvalue(features: torch.Tensor) -> float:
    """The least eigenvalue of the correlations of the rows of ``(channels, positions)``."""
    if features.shape[1] < 2:
        return 0.0  # one position has no correlations
    correlations = torch.corrcoef(features).reshape(len(features), len(features))
    return float(torch.linalg.eigvalsh(correlations.nan_to_num(0.0, 0.0, 0.0))[0])
