"""Which tensor of a network's output holds the logits.

The rule, in this order:

1. A tensor is the logits.
2. In a dictionary, a dataclass or a named tuple, a value is taken by its name: ``logits``, or else the first of
   :data:`NAMES` that is there. Within it, the rule starts again. Nothing called like features (:data:`FEATURES`) is
   ever taken.
3. Of several tensors without such a name, the only one with as many columns as there are classes (as the caller says,
   or else the outputs of a linear layer) is taken. If several have, or none, it is the narrowest that has a column for
   every label, and a note says so unless the last linear layer has as many outputs.

Logits are ``(images, classes)``. A vector ``(images,)`` is one column. Maps ``(images, classes, ...)`` and tokens
``(images, tokens, classes)`` are averaged over their positions, unless there is a label for every position. Tokens are
those whose last side is the number of classes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor

from rayzc.errors import ProxyError

__all__ = ["FEATURES", "NAMES", "as_columns", "logits_of", "taken_from"]

NAMES = (
    "logits",
    "logit",
    "out",
    "output",
    "outputs",
    "prediction",
    "predictions",
    "pred",
    "preds",
    "scores",
    "y",
)
FEATURES = ("feature", "hidden", "embed", "attention", "pooler", "aux", "loss", "past", "projection")


def logits_of(output: Any, images: int, classes: int | None) -> Tensor:
    """The logits within what a network returned, by the rule of this file, without the note.

    Raises:
        ProxyError: there are none.
    """
    return taken_from(output, images, () if classes is None else (classes,))[0]


def taken_from(output: Any, images: int, classes: tuple[int, ...], least: int = 1) -> tuple[Tensor, str]:
    """The tensor with the logits within what a network returned, and a note if it was a guess.

    Args:
        output: what it returned.
        images: the number of images.
        classes: the number of classes if it is known, or else those that are likely, that of the last layer first.
        least: as many classes the labels need.

    Raises:
        ProxyError: there is none, or nothing says which one.
    """
    if isinstance(output, Tensor):
        return output, ""
    named = _named(output)
    if named is not None:
        for name in NAMES:
            if name in named and any(True for _ in _tensors(named[name])):
                return taken_from(named[name], images, classes, least)
    tensors = [tensor for tensor in _tensors(output) if tensor.dim() and tensor.shape[0] == images]
    if len(tensors) == 1 and tensors[0].dim() != 4:
        return tensors[0], ""
    flat = [tensor for tensor in tensors if tensor.dim() == 2]
    fitting = [tensor for tensor in flat if tensor.shape[1] in classes]
    if len(fitting) == 1:
        return fitting[0], ""
    if len(flat) == 1 and not fitting:
        return flat[0], ""
    if fitting or flat:
        return _guessed(fitting or flat, classes, least)
    raise ProxyError(
        f"the network returned a {type(output).__name__} without a tensor of shape ({images} images, classes): "
        "wrap it in a module that returns its logits"
    )


def _guessed(tensors: list[Tensor], classes: tuple[int, ...], least: int) -> tuple[Tensor, str]:
    """The narrowest that has a column for every label."""
    wide = [tensor for tensor in tensors if tensor.shape[1] >= least] or tensors
    chosen = min(wide, key=lambda tensor: tensor.shape[1])
    widths = sorted({tensor.shape[1] for tensor in tensors})
    if len(widths) == 1 or chosen.shape[1] == next(iter(classes), None):
        return chosen, ""
    return chosen, (
        f"the network returned several tensors that may be its logits, with {', '.join(map(str, widths))} columns: "
        f"the one with {chosen.shape[1]} was taken; say how many classes there are to choose another (classes=...)"
    )


def as_columns(logits: Tensor, labels: Tensor | None, classes: tuple[int, ...]) -> tuple[Tensor, str]:
    """Logits with the classes in their second dimension, and a note if positions were averaged.

    Args:
        logits: as the network returned them.
        labels: of some images; None if none were given.
        classes: the numbers of classes that are known or likely.
    """
    if logits.dim() < 2:
        return logits.reshape(-1, 1), ""
    if logits.dim() == 2:
        return logits, ""
    tokens = logits.dim() == 3 and (logits.shape[2] in classes or logits.shape[1] not in classes)
    if tokens:
        logits = logits.transpose(1, 2)
    if labels is not None and labels.dim() > 1 and labels.shape[1:] == logits.shape[2:]:
        return logits, ""
    kind = "tokens" if tokens else "positions"
    return logits.flatten(2).mean(2), f"the network's outputs are averaged over their {kind}"


def _named(output: Any) -> Mapping[str, Any] | None:
    """The values of an output that have names."""
    if isinstance(output, Mapping):
        return {str(name).lower(): value for name, value in output.items()}
    if isinstance(output, tuple) and hasattr(output, "_fields"):
        return {str(name).lower(): getattr(output, name) for name in output._fields}
    if is_dataclass(output):
        return {field.name.lower(): getattr(output, field.name) for field in fields(output)}
    if not isinstance(output, (tuple, list, Tensor)) and hasattr(output, "__dict__"):
        return {name.lower(): value for name, value in vars(output).items()}
    return None


def _tensors(output: Any) -> Iterator[Tensor]:
    """The floating tensors of an output, but for those that are called like features."""
    if isinstance(output, Tensor):
        if torch.is_floating_point(output):
            yield output
        return
    named = _named(output)
    if named is not None:
        for name, value in named.items():
            if not any(text in name for text in FEATURES):
                yield from _tensors(value)
    elif isinstance(output, (tuple, list)):
        for value in output:
            yield from _tensors(value)
