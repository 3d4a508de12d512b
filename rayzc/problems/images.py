"""Image sets: images, their classes, and which of them are for training and which for testing.

What is read from a source is stored in the suite, so that nothing has to be installed or downloaded to use it again.
"""

import hashlib
import inspect
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SuiteError, counted, nearest
from rayzc.problems.image_sources import SOURCES, Choice, Source, whole

__all__ = ["ImageSet", "check_images", "fingerprint_of", "read_images", "read_only", "source_keys"]

_COMMON = ("training", "testing", "seed")


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Images of one source.

    Attributes:
        name: name of the set.
        images: ``(images, 3, side, side)`` uint8, those for training first.
        labels: ``(images,)`` int64, the class of each.
        training: how many are for training; the others are for testing.
        classes: names of the classes.
        about: what they are and where they come from.
        licence: under which they may be used and passed on; empty if nobody has said.

    Raises:
        SuiteError: shapes do not agree, a label is not of a class, or no image is for training or for testing.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    training: int
    classes: tuple[str, ...]
    about: str
    licence: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "images", read_only(self.images, np.uint8))
        object.__setattr__(self, "labels", read_only(self.labels, np.int64))
        what = f"image set {self.name}"
        check_images(what, self.images, self.labels, self.training)
        if self.images.ndim != 4:
            raise SuiteError(
                f"{what}: the images have shape {self.images.shape}, which is several patches each"
            )
        if self.labels.max() >= len(self.classes):
            raise SuiteError(
                f"{what}: there is a label {self.labels.max()}, but only "
                f"{counted(len(self.classes), 'class', 'classes')}"
            )

    def __repr__(self) -> str:
        return f"<ImageSet {self.name}: {len(self.images):,} images, {len(self.classes)} classes>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the fields alone, so that arrays are read-only again where it arrives."""
        return type(self), tuple(getattr(self, attribute.name) for attribute in fields(self))

    @property
    def side(self) -> int:
        """Height and width of an image in pixels."""
        return int(self.images.shape[-1])

    @property
    def parts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of the images for training, and of those for testing."""
        places = np.arange(len(self.images))
        return places[: self.training], places[self.training :]

    @property
    def description(self) -> str:
        """What the images are, how many, and their licence, on one line."""
        testing = len(self.images) - self.training
        licence = self.licence or "not stated"
        return f"{self.about}; {self.training:,} for training, {testing:,} for testing; licence: {licence}"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of images, labels and their division, hex."""
        return fingerprint_of(self.images, self.labels, self.training)


def read_images(
    name: str,
    source: str,
    *,
    training: int,
    testing: int,
    seed: int = 0,
    folder: Path = Path(),
    **parameters: Any,
) -> ImageSet:
    """Reads an image set.

    Args:
        name: to call it by.
        source: ``scikit-learn:digits``, ``scikit-image:NAME,NAME`` (of
            :data:`rayzc.problems.photographs.PHOTOGRAPHS`), ``npz:FILE``, ``folder:FOLDER`` or ``torchvision:CIFAR10``.
        training: how many images for training.
        testing: how many images for testing.
        seed: draws them.
        folder: what relative paths start from.
        **parameters: of the source: ``side`` (pixels), ``scales``, ``data``, ``licence``.

    Raises:
        SuiteError: there is no such source or parameter, something is not installed, or there are too few images.
    """
    what = f"image set {name}"
    for key, value in (("training", training), ("testing", testing)):
        if not whole(value):
            raise SuiteError(f"{what}: {key} is {value!r}; give a number of images, at least 1")
    if not whole(seed, 0):
        raise SuiteError(f"{what}: seed is {seed!r}; give a whole number, at least 0")
    read, place = _source(source)
    for key, value in parameters.items():
        if key not in _own_keys(read):
            raise SuiteError(f"{what}: {source} has no '{key}'; {nearest(key, source_keys(source))}")
        if key == "side" and not whole(value):
            raise SuiteError(f"{what}: side is {value!r}; give a number of pixels, at least 1")
        if key in ("data", "licence") and not isinstance(value, str):
            raise SuiteError(f"{what}: {key} is {value!r}; give text")
    found = read(Choice(what, place, folder, training, testing, seed), **parameters)
    return ImageSet(name, found.images, found.labels, training, found.classes, found.about, found.licence)


def source_keys(source: str) -> tuple[str, ...]:
    """The keys that an image set of this source can have.

    Raises:
        SuiteError: there is no such source.
    """
    return (*_COMMON, *_own_keys(_source(source)[0]))


def fingerprint_of(images: NDArray[np.uint8], labels: NDArray[np.int64], training: int) -> str:
    """SHA-256 of images, labels, and how many are for training, hex."""
    digest = hashlib.sha256(f"rayzc images 1 {images.shape} {training}\n".encode())
    digest.update(images.tobytes())
    digest.update(labels.astype("<i8").tobytes())
    return digest.hexdigest()


def read_only(values: Any, kind: type[np.generic]) -> NDArray[Any]:
    """A read-only copy in C order; a read-only array of this type in C order is taken as it is."""
    given = np.asarray(values)
    if given.dtype == kind and given.flags.c_contiguous and not given.flags.writeable:
        return given
    array: NDArray[Any] = np.array(given, dtype=kind, order="C")
    array.flags.writeable = False
    return array


def check_images(what: str, images: NDArray[Any], labels: NDArray[Any], training: int) -> None:
    """Checks images ``(images, 3, side, side)`` or ``(images, patches, 3, side, side)`` and labels ``(images,)``.

    Raises:
        SuiteError: they do not fit together; says why.
    """
    shape = images.shape
    if len(shape) not in (4, 5) or shape[-3] != 3 or shape[-2] != shape[-1] or min(shape) < 1:
        raise SuiteError(
            f"{what}: the images have shape {shape}; it must be (images, 3, side, side), or (images, patches, 3, side, "
            "side)"
        )
    if labels.shape != shape[:1]:
        raise SuiteError(f"{what}: there are {shape[0]:,} images, and labels of shape {labels.shape}")
    if labels.min() < 0:
        raise SuiteError(
            f"{what}: there is a label {labels.min()}; labels are the numbers of classes, from 0"
        )
    if not 0 < training < len(labels):
        raise SuiteError(
            f"{what}: {training:,} of {len(labels):,} images are for training; some must be, and some must be left for "
            "testing"
        )


def _source(source: str) -> tuple[Source, str]:
    kind, _, place = source.partition(":")
    if kind not in SOURCES:
        raise SuiteError(f"there is no source of images '{source}'; {nearest(kind, list(SOURCES))}")
    if not place:
        raise SuiteError(
            f"the source '{source}' does not say what to read: write it after a colon, {kind}:..."
        )
    return SOURCES[kind], place


def _own_keys(read: Source) -> tuple[str, ...]:
    parameters = inspect.signature(read).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)
