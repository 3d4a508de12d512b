"""The images that a network is trained and tested on, as tensors."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rayzc.errors import TrainingError
from rayzc.images import BYTE, LabelledImages

__all__ = ["TrainingData"]

_PART = 1024
_NO_DEVIATION = 1e-6


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Images and the numbers of their classes, for training and for testing.

    Attributes:
        images: float32, normalised, ``(N, channels, height, width)`` or ``(N, patches, channels, height, width)``.
        labels: ``(N,)`` int64, from 0.
        test_images: as `images`; none of them is shown in training.
        test_labels: as `labels`.
        classes: number of classes.

    Raises:
        TrainingError: the shapes do not fit each other, a label is out of range, or there are too few images.
    """

    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    classes: int

    def __post_init__(self) -> None:
        for what, images, labels, least in (
            ("training", self.images, self.labels, 2),
            ("testing", self.test_images, self.test_labels, 1),
        ):
            if images.dim() not in (4, 5) or labels.dim() != 1 or len(images) != len(labels):
                raise TrainingError(
                    f"images for {what} are {tuple(images.shape)} and their labels {tuple(labels.shape)}; they must be "
                    "(images, channels, height, width) and (images,)"
                )
            if len(images) < least:
                raise TrainingError(f"there are {len(images)} images for {what}; at least {least} are needed")
            lowest, highest = int(labels.min()), int(labels.max())
            if lowest < 0 or highest >= self.classes:
                raise TrainingError(
                    f"labels of the images for {what} are {lowest} to {highest}; with {self.classes} classes they must "
                    f"be 0 to {self.classes - 1}"
                )
        if self.images.shape[1:] != self.test_images.shape[1:]:
            raise TrainingError(
                f"images for training are {tuple(self.images.shape[1:])} and those for testing "
                f"{tuple(self.test_images.shape[1:])}: both must have one shape"
            )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of an image."""
        return tuple(self.images.shape[1:])

    @property
    def patches(self) -> int:
        """Number of patches that make one input, 1 for ordinary images."""
        return self.images.shape[1] if self.images.dim() == 5 else 1

    @property
    def guessing(self) -> float:
        """The share of the most common class among the images for training: what a guess is right in."""
        return float(torch.bincount(self.labels).max()) / len(self.labels)

    def to(self, device: str | torch.device) -> "TrainingData":
        """The data on a device."""
        tensors = ("images", "labels", "test_images", "test_labels")
        return replace(self, **{name: getattr(self, name).to(device) for name in tensors})

    def in_colour(self) -> "TrainingData":
        """The data with three channels: an image in grey has its channel three times."""
        if self.input_shape[-3] != 1:
            return self
        shape = [-1] * self.images.dim()
        shape[-3] = 3
        return replace(self, images=self.images.expand(shape), test_images=self.test_images.expand(shape))

    @classmethod
    def of(cls, source: LabelledImages) -> "TrainingData":
        """Normalises images, each channel by mean and standard deviation of the images for training.

        Args:
            source: with images for testing, see :meth:`LabelledImages.split`.

        Raises:
            TrainingError: there are none for testing, or as the class says.
        """
        if source.test_images is None or source.test_labels is None:
            raise TrainingError("there are no images to test on: split the set first")
        if source.images.ndim not in (4, 5):
            raise TrainingError(
                f"images are {source.images.shape}; they must be (images, channels, height, width)"
            )
        images, tested = _floats(source.images), _floats(source.test_images)
        if not (np.isfinite(images).all() and np.isfinite(tested).all()):
            raise TrainingError("some pixels are nan or infinite: save finite numbers")
        mean, deviation = _statistics(images)
        classes = len(source.classes) or int(max(source.labels.max(), source.test_labels.max())) + 1
        return cls(
            torch.from_numpy((images - mean) / deviation),
            torch.from_numpy(source.labels.copy()),
            torch.from_numpy((tested - mean) / deviation),
            torch.from_numpy(source.test_labels.copy()),
            classes,
        )


def _statistics(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each channel, with dimensions of size 1; a channel without any deviation has 1.

    They are summed up in float64, for float32 would find some deviation in a channel that is the same everywhere; in
    parts, for all pixels in float64 would not fit.
    """
    axes = tuple(axis for axis in range(images.ndim) if axis != images.ndim - 3)
    mean = images.mean(axes, dtype=np.float64, keepdims=True)
    squares = np.zeros_like(mean)
    for start in range(0, len(images), _PART):
        squares += ((images[start : start + _PART] - mean) ** 2).sum(axes, keepdims=True)
    deviation = np.sqrt(squares * mean.size / images.size)
    deviation[deviation < _NO_DEVIATION] = 1
    return mean.astype(np.float32), deviation.astype(np.float32)


def _floats(images: NDArray[Any]) -> NDArray[np.float32]:
    floats = images.astype(np.float32)
    return floats / np.float32(BYTE) if images.dtype == np.uint8 else floats
