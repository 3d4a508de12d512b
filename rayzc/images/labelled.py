"""Images with labels, in memory and in an ``.npz`` file."""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import RayzcError, first_line

__all__ = ["BYTE", "LabelledImages", "read_npz"]

BYTE = 255
"""The largest value of a byte, which stands for 1."""

_KEYS, _TEST_KEYS = ("images", "labels"), ("test_images", "test_labels")


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images and their labels; separate test images if the source has them.

    Attributes:
        images: ``(images, channels, height, width)``, or ``(images, patches, channels, height, width)``; uint8 or
            float32.
        labels: ``(images,)`` int64, the number of each image's class.
        test_images: images to test on, with the shape of the others; None if the source does not separate them.
        test_labels: labels of the test images.
        classes: names of the classes; empty if they only have numbers.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64]
    test_images: NDArray[Any] | None = None
    test_labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of shapes, types and contents, hex; a resumed run checks it."""
        digest = hashlib.sha256()
        for array in (self.images, self.labels, self.test_images, self.test_labels):
            if array is not None:
                digest.update(f"{array.dtype}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @classmethod
    def of(
        cls, parts: Sequence[tuple[NDArray[Any], NDArray[np.int64]]], classes: tuple[str, ...] = ()
    ) -> "LabelledImages":
        """Joins images and labels for training and, as the second part if there is one, for testing."""
        (images, labels), *rest = parts
        tested, test_labels = rest[0] if rest else (None, None)
        return cls(images, labels, tested, test_labels, classes)

    def split(self, share: float, seed: int) -> "LabelledImages":
        """Separates test images, unless the source already has: a share of each class.

        Args:
            share: share of the images of each class; at least one and not all images of a class that has two or more.
            seed: draws the test images.
        """
        if self.test_images is not None:
            return self
        rng = np.random.default_rng(seed)
        tested = np.zeros(len(self.labels), bool)
        for label in np.unique(self.labels):
            rows = rng.permutation(np.flatnonzero(self.labels == label))
            count = min(max(1, round(share * len(rows))), len(rows) - 1)
            tested[rows[:count]] = True
        return LabelledImages(
            self.images[~tested], self.labels[~tested], self.images[tested], self.labels[tested], self.classes
        )

    def write(self, path: Path) -> None:
        """Writes an ``.npz`` file that :func:`read_npz` reads."""
        arrays: dict[str, Any] = {"images": self.images, "labels": self.labels}
        if self.classes:
            arrays["classes"] = np.array(self.classes)
        if self.test_images is not None and self.test_labels is not None:
            arrays |= {"test_images": self.test_images, "test_labels": self.test_labels}
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)


def read_npz(path: Path, error: type[RayzcError]) -> LabelledImages:
    """Reads the arrays ``images`` and ``labels`` and, if present, ``test_images``, ``test_labels`` and ``classes``.

    Pickled objects in the file are refused.

    Args:
        path: the ``.npz`` file.
        error: the kind of error to raise.

    Raises:
        RayzcError: of that kind: there is no such file, or its arrays are missing or do not fit together.
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
    except (OSError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as problem:
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
    return LabelledImages.of(parts, tuple(map(str, names)) if names.ndim == 1 else ())


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
