"""Patches of photographs that lie inside the scikit-image package, for classes of textures and scenes.

Only photographs whose authors have given them to the public domain are here, with the words of scikit-image 0.26 that
say so; those with "no known copyright restrictions", and those that say nothing, are not. Training and test patches
come from different cells of a grid, so no pixel of a photograph is in both.
"""

import importlib
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SuiteError, first_line, nearest
from rayzc.problems.chance import shuffled

__all__ = [
    "GRID",
    "LEAST_CONTRAST",
    "PHOTOGRAPHS",
    "cells_of",
    "names_in",
    "patches_of",
    "photograph",
    "scaled_down",
]

PHOTOGRAPHS: Mapping[str, str] = MappingProxyType(
    {
        "astronaut": "NASA, released into the public domain",
        "brick": "CC0Textures.com, CC0",
        "camera": "Lav Varshney, CC0",
        "cell": "Paul Müller and others, CC0",
        "chelsea": "Stefan van der Walt, CC0",
        "clock": "Stefan van der Walt, released into the public domain",
        "coffee": "Rachel Michetti, CC0",
        "grass": "linolafett at DeviantArt, CC0",
        "gravel": "CC0Textures.com, CC0",
        "hubble_deep_field": "NASA, may be freely used in the public domain",
        "microaneurysms": "Andreas Maier, CC0",
        "retina": "Mikael Häggström, CC0",
        "rocket": "SpaceX, released in the public domain",
    }
)
"""The photographs by their names in ``skimage.data``: who made them, and their licence."""

GRID = 4
"""A photograph is cut into this many rows and columns of cells; one in each row and column is for testing."""

LEAST_CONTRAST = 10
"""A patch whose grey levels, in all channels, differ by less than this shows nothing and is left out."""


def photograph(name: str) -> NDArray[np.uint8]:
    """A photograph, ``(3, height, width)``; the channels of a grey one are equal.

    Raises:
        SuiteError: there is no such photograph here, or scikit-image is not installed.
    """
    if name not in PHOTOGRAPHS:
        raise SuiteError(
            f"there is no photograph '{name}' in the public domain in scikit-image; "
            f"{nearest(name, list(PHOTOGRAPHS))}"
        )
    try:
        data: Any = importlib.import_module("skimage.data")
        pixels = np.asarray(getattr(data, name)())
    except ImportError as error:
        raise SuiteError(
            "photographs need scikit-image, which is not installed: run pip install 'rayzc[images]'"
        ) from error
    except (OSError, AttributeError) as error:
        raise SuiteError(
            f"the photograph '{name}' cannot be read from scikit-image: {first_line(error)}"
        ) from error
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, axis=-1)
    return np.ascontiguousarray(pixels[..., :3].transpose(2, 0, 1), dtype=np.uint8)


def cells_of(height: int, width: int, name: str, seed: int) -> Mapping[bool, Sequence[tuple[slice, slice]]]:
    """The cells of a photograph: under True those for training, under False those for testing.

    Which cell of a row is for testing is drawn from the name and the seed.
    """
    tests = shuffled(GRID, "cells", name, seed)
    found: dict[bool, list[tuple[slice, slice]]] = {True: [], False: []}
    rows, columns = height // GRID, width // GRID
    for row in range(GRID):
        for column in range(GRID):
            place = (
                slice(row * rows, row * rows + rows),
                slice(column * columns, column * columns + columns),
            )
            found[column != tests[row]].append(place)
    return found


def patches_of(
    name: str, side: int, scales: Sequence[int], training: int, testing: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draws different patches of a photograph, as many at each scale as at the others, or one more.

    Args:
        name: of the photograph.
        side: of a patch in pixels.
        scales: by how much the photograph is scaled down: a pixel is the mean of this many by this many.
        training: how many patches for training.
        testing: how many patches for testing.
        seed: draws cells and patches.

    Returns:
        The patches for training and for testing, ``(patches, 3, side, side)``.

    Raises:
        SuiteError: there is no such photograph, or it does not have as many patches.
    """
    pixels = photograph(name)
    height, width = pixels.shape[1:]
    cells = cells_of(height, width, name, seed)

    def drawn(use: bool, count: int) -> NDArray[np.uint8]:
        found = []
        for place, scale in enumerate(scales):
            share = count // len(scales) + (place < count % len(scales))
            scaled = [scaled_down(pixels[:, rows, columns], scale) for rows, columns in cells[use]]
            found.append(_drawn(scaled, side, share, name, use, scale, seed))
        return np.concatenate(found)

    return drawn(True, training), drawn(False, testing)


def scaled_down(pixels: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Images ``(..., height, width)`` scaled down by means of square blocks; what is left at the borders is cut off."""
    *outer, height, width = pixels.shape
    rows, columns = height // scale, width // scale
    blocks = pixels[..., : rows * scale, : columns * scale].reshape(*outer, rows, scale, columns, scale)
    sums = blocks.sum(axis=(-3, -1), dtype=np.int64)
    means: NDArray[np.uint8] = ((sums + scale * scale // 2) // (scale * scale)).astype(np.uint8)
    return means


def _drawn(
    cells: Sequence[NDArray[np.uint8]], side: int, count: int, name: str, use: bool, scale: int, seed: int
) -> NDArray[np.uint8]:
    """As many different patches, each inside one of the cells."""
    _, height, width = cells[0].shape
    rows, columns = height - side + 1, width - side + 1
    if rows < 1 or columns < 1:
        raise SuiteError(
            f"photograph {name}: at scale {scale} a cell has {width} by {height} pixels, which has no room for a patch "
            f"of {side}: choose a smaller side or scale"
        )
    found: list[NDArray[np.uint8]] = []
    for place in shuffled(len(cells) * rows * columns, "patches", name, use, scale, seed).tolist():
        if len(found) == count:
            break
        cell, place = divmod(place, rows * columns)
        y, x = divmod(place, columns)
        patch = cells[cell][:, y : y + side, x : x + side]
        if int(patch.max()) - int(patch.min()) >= LEAST_CONTRAST:
            found.append(patch)
    if len(found) < count:
        purpose = "training" if use else "testing"
        raise SuiteError(
            f"photograph {name}: it has {len(found):,} patches of {side} pixels for {purpose} at scale {scale}, not "
            f"{count:,}: ask for fewer, or for other scales"
        )
    return np.stack(found) if found else np.empty((0, 3, side, side), np.uint8)


def names_in(text: str) -> tuple[str, ...]:
    """The photographs that a source names, ``astronaut,brick``."""
    return tuple(name for name in re.split(r"[,\s]+", text) if name)
