"""The images that a network is trained and tested on, as tensors."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rayzc.errors import TrainingError
from rayzc.images import BYTE, LabelledImages

if TYPE_CHECKING:
    from rayzc.problems import ImageTask

__all__ = ["TrainingData"]

_PART = 1024
_NO_DEVIATION = 1e-6


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Images and their labels, for training and for testing.

    Attributes:
        images: float32, normalised, ``(N, channels, height, width)`` or ``(N, patches, channels, height, width)``.
        labels: ``(N,)`` int64, from 0.
        test_images: test images, like `images`; none of them is used in training.
        test_labels: labels of the test images, like `labels`.
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
            ("training images", self.images, self.labels, 2),
            ("test images", self.test_images, self.test_labels, 1),
        ):
            if images.dim() not in (4, 5) or labels.dim() != 1 or len(images) != len(labels):
                raise TrainingError(
                    f"the {what} have shape {tuple(images.shape)} and their labels {tuple(labels.shape)}; they must be "
                    "(images, channels, height, width) and (images,)"
                )
            if len(images) < least:
                raise TrainingError(f"there are {len(images)} {what}; give at least {least}")
            lowest, highest = int(labels.min()), int(labels.max())
            if lowest < 0 or highest >= self.classes:
                raise TrainingError(
                    f"the labels of the {what} lie between {lowest} and {highest}; with {self.classes} classes they "
                    f"must lie between 0 and {self.classes - 1}"
                )
        if self.images.shape[1:] != self.test_images.shape[1:]:
            raise TrainingError(
                f"training images have shape {tuple(self.images.shape[1:])} and test images have shape "
                f"{tuple(self.test_images.shape[1:])}: give images of one shape"
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
        """The accuracy of guessing: the share of the most common class among the training images."""
        return float(torch.bincount(self.labels).max()) / len(self.labels)

    def to(self, device: str | torch.device) -> "TrainingData":
        """The data on a device."""
        tensors = ("images", "labels", "test_images", "test_labels")
        return replace(self, **{name: getattr(self, name).to(device) for name in tensors})

    def in_colour(self) -> "TrainingData":
        """The data with three channels: the channel of grey images is repeated."""
        if self.input_shape[-3] != 1:
            return self
        shape = [-1] * self.images.dim()
        shape[-3] = 3
        return replace(self, images=self.images.expand(shape), test_images=self.test_images.expand(shape))

    @classmethod
    def of(cls, source: LabelledImages) -> "TrainingData":
        """Normalises images: each channel by its mean and standard deviation over the training images.

        Args:
            source: images with test images, see :meth:`LabelledImages.split`.

        Raises:
            TrainingError: there are no test images, a pixel is not finite, or see :class:`TrainingData`.
        """
        if source.test_images is None or source.test_labels is None:
            raise TrainingError("there are no test images: separate some with LabelledImages.split")
        for what, labels in (("training", source.labels), ("test", source.test_labels)):
            if not len(labels):
                raise TrainingError(f"there are no {what} images: give some")
        if source.images.ndim not in (4, 5):
            raise TrainingError(
                f"the images have shape {source.images.shape}; it must be (images, channels, height, width)"
            )
        images, tested = _floats(source.images), _floats(source.test_images)
        if not (np.isfinite(images).all() and np.isfinite(tested).all()):
            raise TrainingError("some pixels are nan or infinite: give images of finite numbers")
        mean, deviation = _statistics(images)
        classes = len(source.classes) or int(max(source.labels.max(), source.test_labels.max())) + 1
        return cls(
            torch.from_numpy((images - mean) / deviation),
            torch.from_numpy(source.labels.copy()),
            torch.from_numpy((tested - mean) / deviation),
            torch.from_numpy(source.test_labels.copy()),
            classes,
        )

    @classmethod
    def of_task(cls, task: "ImageTask") -> "TrainingData":
        """The data of a benchmark's task, normalised as the task does.

        Args:
            task: the task.

        Raises:
            TrainingError: see :class:`TrainingData`.
        """
        images, labels = torch.from_numpy(task.pixels()), torch.from_numpy(task.labels.copy())
        count = task.training
        return cls(images[:count], labels[:count], images[count:], labels[count:], task.classes)


def _statistics(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each channel, which keep the dimensions of the images; 1 for a constant channel.

    The sums are in float64, as rounding in float32 gives constant channels a deviation, and in parts, to save memory.
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
