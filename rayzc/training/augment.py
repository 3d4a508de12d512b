"""Augmentations: random changes to training images that do not change their classes.

An augmentation is a function of a batch ``(N, channels, height, width)``, the generator of all its random numbers, on
the device of the images, and the recipe. It returns a new batch of the same shape.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import pad

from rayzc.errors import TrainingError, nearest
from rayzc.options import Recipe

__all__ = ["AUGMENTATIONS", "Augmentation", "augmented", "brightness", "crop", "cutout", "flip", "shift"]

Augmentation = Callable[[Tensor, torch.Generator, Recipe], Tensor]

_MARGIN = 8
"""Images move by up to an eighth of their side: the 4 pixels that are usual for CIFAR-10's 32."""

_BRIGHTNESS = 0.2


def flip(images: Tensor, generator: torch.Generator, recipe: Recipe) -> Tensor:
    """Mirrors half of the images, left to right."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(mirrored, images.flip(3), images)


def crop(images: Tensor, generator: torch.Generator, recipe: Recipe) -> Tensor:
    """Moves each image by up to an eighth of its height and width; pixels that come into view are 0, the mean."""
    return _moved(images, generator, "constant")


def shift(images: Tensor, generator: torch.Generator, recipe: Recipe) -> Tensor:
    """Like :func:`crop`, but pixels that come into view repeat the edge of the image."""
    return _moved(images, generator, "replicate")


def cutout(images: Tensor, generator: torch.Generator, recipe: Recipe) -> Tensor:
    """Sets a square to 0, the mean, with a random centre in the image (DeVries and Taylor 2017).

    ``recipe.cutout`` is its side in pixels. A part of it may lie outside the image.
    """
    inside = torch.ones(len(images), 1, *images.shape[2:], dtype=torch.bool, device=images.device)
    for axis in (2, 3):
        side = images.shape[axis]
        shape = [len(images), 1, 1, 1]
        centre = torch.randint(side, shape, generator=generator, device=images.device)
        shape[axis], shape[0] = side, 1
        place = torch.arange(side, device=images.device).view(shape)
        first = centre - recipe.cutout // 2
        inside = inside & (place >= first) & (place < first + recipe.cutout)
    return images.masked_fill(inside, 0.0)


def brightness(images: Tensor, generator: torch.Generator, recipe: Recipe) -> Tensor:
    """Adds a number to each image, at most a fifth of the standard deviation of all images, or subtracts it."""
    drawn = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device)
    return images + (2 * drawn - 1) * _BRIGHTNESS


def _moved(images: Tensor, generator: torch.Generator, edge: str) -> Tensor:
    height, width = images.shape[2:]
    down, right = max(1, height // _MARGIN), max(1, width // _MARGIN)
    padded = pad(images, (right, right, down, down), mode=edge)
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    count = (len(images),)
    rows = torch.randint(2 * down + 1, count, generator=generator, device=images.device)
    columns = torch.randint(2 * right + 1, count, generator=generator, device=images.device)
    return windows[torch.arange(len(images), device=images.device), :, rows, columns].contiguous()


AUGMENTATIONS: Mapping[str, Augmentation] = MappingProxyType(
    {"brightness": brightness, "crop": crop, "cutout": cutout, "flip": flip, "shift": shift}
)
"""Augmentations by name; ``rayzc.options.training`` lists the names, too."""


def augmented(images: Tensor, names: Sequence[str], generator: torch.Generator, recipe: Recipe) -> Tensor:
    """Applies augmentations to a batch, in their order; patches of one input are changed independently.

    Args:
        images: ``(N, channels, height, width)`` or ``(N, patches, channels, height, width)``.
        names: names of the augmentations.
        generator: draws all random numbers, on the device of the images.
        recipe: its fields say how strong the augmentations are.

    Raises:
        TrainingError: there is no such augmentation.
    """
    flat = images.flatten(0, -4) if images.dim() > 4 else images
    for name in names:
        if name not in AUGMENTATIONS:
            raise TrainingError(f"there is no augmentation '{name}'; {nearest(name, tuple(AUGMENTATIONS))}")
        flat = AUGMENTATIONS[name](flat, generator, recipe)
    return flat.view(images.shape)
