"""Images with their classes, in memory and in an ``.npz`` file."""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import RayzcError, first_line

__all__ = ["BYTE", "ImageSet", "image_set_of", "read_npz"]

BYTE = 255
"""The brightest byte, which stands for 1."""

_KEYS, _TEST_KEYS = ("images", "labels"), ("test_images", "test_labels")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and the numbers of their classes, and, where there are any, others to test on.

    Attributes:
        images: ``(images, channels, height, width)``, or ``(images, patches, channels, height, width)``; bytes, or
            float32.
        labels: ``(images,)`` int64.
        test_images: images to test on, likewise; None where nothing says which these are.
        test_labels: their classes.
        classes: names of the classes; empty where they only have numbers.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64]
    test_images: NDArray[Any] | None = None
    test_labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The sha256 of shapes, types and contents, by which a resumed run knows its images."""
        digest = hashlib.sha256()
        for array in (self.images, self.labels, self.test_images, self.test_labels):
            if array is not None:
                digest.update(f"{array.dtype}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def split(self, share: float, seed: int) -> "ImageSet":
        """The set with images to test on: its own, or else a share of each class.

        Args:
            share: of the images of a class, at least one and not all, as far as it has two.
            seed: draws them.
        """
        if self.test_images is not None:
            return self
        rng = np.random.default_rng(seed)
        tested = np.zeros(len(self.labels), bool)
        for label in np.unique(self.labels):
            rows = rng.permutation(np.flatnonzero(self.labels == label))
            count = min(max(1, round(share * len(rows))), len(rows) - 1)
            tested[rows[:count]] = True
        return ImageSet(
            self.images[~tested], self.labels[~tested], self.images[tested], self.labels[tested], self.classes
        )

    def write(self, path: Path) -> None:
        """Writes the set as :func:`read_npz` reads it."""
        arrays: dict[str, Any] = {"images": self.images, "labels": self.labels}
        if self.classes:
            arrays["classes"] = np.array(self.classes)
        if self.test_images is not None and self.test_labels is not None:
            arrays |= {"test_images": self.test_images, "test_labels": self.test_labels}
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)


def image_set_of(
    parts: Sequence[tuple[NDArray[Any], NDArray[np.int64]]], classes: tuple[str, ...] = ()
) -> ImageSet:
    """A set of images for training and, in the second part, for testing."""
    (images, labels), *rest = parts
    tested, test_labels = rest[0] if rest else (None, None)
    return ImageSet(images, labels, tested, test_labels, classes)


def read_npz(path: Path, error: type[RayzcError]) -> ImageSet:
    """Reads arrays ``images`` and ``labels``, and, if they are there, ``test_images``, ``test_labels``, ``classes``.

    Raises:
        RayzcError: of the kind `error`: there is no such file, or it has no such arrays; says what to do.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            needed = [*_KEYS, *(_TEST_KEYS if any(key in arrays for key in _TEST_KEYS) else ())]
            missing = [key for key in needed if key not in arrays]
            if missing:
                raise error(
                    f"{path}: array '{missing[0]}' is missing; found: {', '.join(arrays) or 'none'}; "
                    f"write the file with numpy.savez(path, {', '.join(f'{key}=...' for key in needed)})"
                )
            found = {key: arrays[key] for key in needed}
            names = arrays["classes"] if "classes" in arrays else np.array([])
    except FileNotFoundError:
        raise error(f"{path}: there is no such file") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise error(f"{path}: not an .npz file of plain arrays ({first_line(problem)})") from problem
    parts = [
        _checked(found[images], found[labels], images, labels, path, error)
        for images, labels in (_KEYS, _TEST_KEYS)
        if images in found
    ]
    if len(parts) == 2 and parts[0][0].shape[1:] != parts[1][0].shape[1:]:
        raise error(
            f"{path}: images are {parts[0][0].shape[1:]} and test_images {parts[1][0].shape[1:]}: "
            "both must have one shape"
        )
    return image_set_of(parts, tuple(map(str, names)) if names.ndim == 1 else ())


def _checked(
    images: NDArray[Any],
    labels: NDArray[Any],
    images_key: str,
    labels_key: str,
    path: Path,
    error: type[RayzcError],
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if images.ndim < 2 or labels.ndim != 1 or len(images) != len(labels):
        raise error(
            f"{path}: {images_key} {images.shape} and {labels_key} {labels.shape} do not fit; "
            "they must be (images, channels, height, width) and (images,)"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise error(
            f"{path}: {labels_key} are {labels.dtype}; they must be the numbers of the classes, as integers"
        )
    if images.dtype != np.uint8 and not np.issubdtype(images.dtype, np.floating):
        raise error(f"{path}: {images_key} are {images.dtype}; save them as float32 or uint8")
    return images if images.dtype == np.uint8 else images.astype(np.float32), labels.astype(np.int64)
