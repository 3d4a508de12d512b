"""A small run of trainings."""

from typing import Any

from rayzc.training.results import TrainResults
from tests.training.samples import CELL

NETWORKS = (f"nasbench201:{CELL}", "transbench101_macro:(1, 2, 3, 4)")
RUN: dict[str, Any] = {
    "networks": NETWORKS,
    "epochs": 6,
    "batch_size": 16,
    "width": 4,
    "depth": 1,
    "seeds": 2,
    "seed": 3,
    "augment": ("flip", "crop"),
}


def numbers(results: TrainResults) -> dict[tuple[str, int], tuple[float, tuple[float, ...]]]:
    """The result of each training, without its time."""
    return {
        (network.network, seed): (trained.accuracy, trained.losses)
        for network in results.networks
        for seed, trained in network.trained.items()
    }
