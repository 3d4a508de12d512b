"""A formula's score of one network, measured on the spot."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from rayzc.errors import FormulaError, ProxyError
from rayzc.formula.expression import Formula, ranking_values

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["score"]


def score(
    formula: Formula,
    model: "nn.Module",
    images: "Tensor",
    labels: "Tensor | None" = None,
    *,
    seed: int = 0,
    device: "str | torch.device | None" = None,
    classes: int | None = None,
) -> float:
    """Scores an untrained network by a formula; the larger, the better the network.

    Only the proxies that the formula needs are measured, by the fewest passes (:func:`rayzc.measure`), and the
    network is left as it was.

    Example:
        >>> import torch, rayzc
        >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 10))
        >>> rayzc.Formula.parse("1000 * params").score(model, torch.randn(8, 3, 4, 4))
        0.49

    Args:
        formula: any formula with a proxy in it.
        model: any network that returns logits ``(images, classes)``, or a tuple that holds them.
        images: a batch ``(images, channels, height, width)``.
        labels: their classes ``(images,)``; only proxies that need a loss need them.
        seed: all randomness comes from it.
        device: where to measure; by default a GPU where there is one.
        classes: the number of classes, where a network returns several tensors and none fits its last layer.

    Returns:
        the formula's value; -inf where it is not finite, so that such a network ranks last, as everywhere.

    Raises:
        FormulaError: the formula has no proxy in it.
        ProxyError: a proxy of the formula is not registered or could not be measured (which says nothing about
            the network, so that it is not ranked last), or network, images or labels cannot be used.
    """
    # To read, write or evaluate formulas takes neither torch nor any proxy.
    from rayzc.proxies import MeasurementWarning, measure_detailed

    if not formula.proxies:
        raise FormulaError(f"the formula {formula} has no proxy in it: it gives every network the same score")
    measured = measure_detailed(
        model, images, labels, formula.proxies, seed=seed, device=device, classes=classes
    )
    for note in measured.notes:
        warnings.warn(note, MeasurementWarning, stacklevel=3)
    if measured.failures:
        reasons = "; ".join(f"'{name}': {reason}" for name, reason in measured.failures.items())
        raise ProxyError(
            f"the formula {formula} cannot score the network: its proxies could not all be measured ({reasons}); "
            "remove the cause, or use a formula without these proxies"
        )
    values = formula.evaluate({name: np.array([value]) for name, value in measured.scores.items()})
    return float(ranking_values(values)[0])
