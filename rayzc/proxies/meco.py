"""MeCo."""

import torch

from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.registry import proxy

__all__ = ["meco"]


@proxy(needs="maps")
def meco(measured: ByProducts) -> float:
    """Sum over all modules of the least eigenvalue of the channels' correlations in the first image's output.

    As in the authors' code: undefined correlations count 0, and a container that hands on its last module's output
    counts again.

    Jiang, Wang and Bie, "MeCo: zero-shot NAS with one data and single forward pass via minimum eigenvalue of
    correlation", NeurIPS 2023.
    """
    known: dict[int, float] = {}
    for found in measured.maps:
        if id(found) not in known:
            known[id(found)] = _least_eigenvalue(found)
    return sum(known[id(found)] for found in measured.maps)


def _least_eigenvalue(features: torch.Tensor) -> float:
    """Of the correlations of the rows of ``(channels, positions)``."""
    if features.shape[1] < 2:
        return 0.0  # one position has no correlations
    correlations = torch.corrcoef(features).reshape(len(features), len(features))
    return float(torch.linalg.eigvalsh(correlations.nan_to_num(0.0, 0.0, 0.0))[0])
