"""Where the images of a suite come from: packages, files, folders, and data sets of torchvision.

A source is one function and its entry in :data:`SOURCES`. It takes what every source is asked, a :class:`Choice`, and
keywords of its own.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SuiteError
from rayzc.images import (
    BYTE,
    class_folders,
    data_set_class,
    data_set_errors,
    data_set_parts,
    pixels,
    read_image,
    read_npz,
)
from rayzc.problems.chance import shuffled
from rayzc.problems.photographs import PHOTOGRAPHS, names_in, patches_of

__all__ = ["SOURCES", "Choice", "Pictures", "Source", "whole"]

INSTALL = "which is not installed: run pip install 'rayzc[images]'"


@dataclass(frozen=True, slots=True)
class Choice:
    """What every source is asked.

    Attributes:
        what: the image set, for messages.
        place: what is written after the colon of the source.
        folder: what relative paths start from.
        training: how many images for training.
        testing: how many for testing.
        seed: draws them.
    """

    what: str
    place: str
    folder: Path
    training: int
    testing: int
    seed: int

    def drawn(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        """The places of the images for training and then of those for testing, each class by its share.

        Raises:
            SuiteError: there are not as many images.
        """
        count = self.training + self.testing
        if count > len(labels):
            raise SuiteError(
                f"{self.what}: {self.place} has {len(labels):,} images, which is fewer than {self.training:,} for "
                f"training and {self.testing:,} for testing"
            )
        return in_turn(labels, self.seed)[:count]


class Pictures(NamedTuple):
    """What a source gives: images, labels, the names of the classes, what the images are, and their licence."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    about: str
    licence: str


Source = Callable[..., Pictures]


def in_turn(labels: NDArray[Any], seed: int) -> NDArray[np.int64]:
    """All places in a random order of which every beginning has each class by its share."""
    order = shuffled(len(labels), "in turn", seed)
    share = np.empty(len(labels))
    for label in np.unique(labels):
        members = order[labels[order] == label]
        share[members] = (np.arange(len(members)) + 0.5) / len(members)
    return order[np.argsort(share[order], kind="stable")]


def digits(choice: Choice, *, side: int = 8) -> Pictures:
    """Handwritten digits of 8 pixels with 17 grey levels; a larger side repeats each pixel."""
    if choice.place != "digits":
        raise SuiteError(
            f"{choice.what}: scikit-learn has no images '{choice.place}'; write scikit-learn:digits"
        )
    if side % 8:
        raise SuiteError(f"{choice.what}: side is {side}; the digits have 8 pixels, so give a multiple of 8")
    data = _module("sklearn.datasets", f"{choice.what}: the digits need scikit-learn").load_digits()
    chosen = choice.drawn(data.target)
    grey = (data.images[chosen] * 15).astype(np.uint8)  # 0 to 16 becomes 0 to 240
    grey = grey.repeat(side // 8, axis=1).repeat(side // 8, axis=2)
    return Pictures(
        np.stack([grey] * 3, axis=1),
        data.target[chosen],
        tuple(map(str, range(10))),
        "Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak; UCI Machine Learning Repository), as in "
        f"scikit-learn: 8x8 pixels, each repeated to {side}x{side}",
        "CC BY 4.0",
    )


def photographs(choice: Choice, *, side: int = 16, scales: Sequence[int] = (1, 2, 4)) -> Pictures:
    """Patches of the photographs in scikit-image, whose classes are the photographs."""
    names = names_in(choice.place)
    if not names or len(set(names)) < len(names):
        raise SuiteError(
            f"{choice.what}: name different photographs, such as scikit-image:astronaut,brick,coffee"
        )
    if not isinstance(scales, list | tuple) or not scales or not all(map(whole, scales)):
        raise SuiteError(
            f"{choice.what}: scales is {scales!r}; give a list of whole numbers, such as [1, 2, 4]"
        )
    shares = [_shared(count, len(names)) for count in (choice.training, choice.testing)]
    drawn = [
        patches_of(name, side, scales, training, testing, choice.seed)
        for name, training, testing in zip(names, *shares, strict=True)
    ]
    images, labels = [], []
    for part, counts in enumerate(shares):
        classes = np.repeat(np.arange(len(names)), counts)
        order = in_turn(classes, choice.seed)
        images.append(np.concatenate([patches[part] for patches in drawn])[order])
        labels.append(classes[order])
    makers = "; ".join(f"{name}: {PHOTOGRAPHS[name]}" for name in names)
    return Pictures(
        np.concatenate(images),
        np.concatenate(labels),
        names,
        f"patches of {side}x{side} pixels of {len(names)} photographs in scikit-image, scaled down by "
        f"{', '.join(map(str, scales))}; training and test patches come from different cells of each photograph",
        f"CC0 or public domain ({makers})",
    )


def arrays(choice: Choice, *, licence: str = "") -> Pictures:
    """An ``.npz`` file with ``images`` and ``labels``."""
    found = read_npz(choice.folder / choice.place, SuiteError)
    images, labels = found.images, found.labels
    if images.ndim == 4 and images.shape[1] == 1:
        images = images.repeat(3, axis=1)
    if images.dtype != np.uint8:
        if not (images.min(initial=0) >= 0 and images.max(initial=0) <= 1):
            raise SuiteError(
                f"{choice.what}: the images of {choice.place} are floating-point numbers that do not lie between 0 and "
                "1: scale them, or save them as uint8"
            )
        images = np.rint(images * BYTE).astype(np.uint8)
    chosen = choice.drawn(labels)
    about = f"images of {Path(choice.place).name}"
    return Pictures(images[chosen], labels[chosen], found.classes or _numbered(labels), about, licence)


def folders(choice: Choice, *, side: int = 32, licence: str = "") -> Pictures:
    """A folder of class folders with image files, each scaled to `side` pixels."""
    folder = choice.folder / choice.place
    if not folder.is_dir():
        raise SuiteError(f"{choice.what}: {folder}: there is no such folder")
    files, labels, classes = class_folders(folder, SuiteError)
    chosen = choice.drawn(labels)
    images = [pixels(read_image(files[index], SuiteError), (side, side)) for index in chosen.tolist()]
    about = f"images of the folder {folder.name}, scaled to {side}x{side} pixels"
    return Pictures(np.stack(images), labels[chosen], classes, about, licence)


def torchvision(choice: Choice, *, side: int = 32, data: str = "data", licence: str = "") -> Pictures:
    """A data set of torchvision; where it has a part for training and one for testing, images come from these."""
    kind = data_set_class(choice.place, SuiteError, "give an .npz file or a folder of class folders")
    images, labels, classes = [], [], None
    with data_set_errors(choice.place, SuiteError):
        parts = list(data_set_parts(kind, choice.folder / data))
        choices = [replace(choice, testing=0), replace(choice, training=0)] if len(parts) > 1 else [choice]
        for part, own in zip(parts, choices, strict=True):
            given = np.array([int(label) for label in _labels(part)])
            classes = classes or getattr(part, "classes", None)
            for index in own.drawn(given).tolist():
                image = pixels(part[index][0], (side, side))
                images.append(image.repeat(3, axis=0) if len(image) == 1 else image)
                labels.append(given[index])
    found = np.array(labels, np.int64)
    names = tuple(map(str, classes)) if classes else _numbered(found)
    about = f"images of torchvision's {choice.place}, scaled to {side}x{side} pixels"
    return Pictures(np.stack(images), found, names, about, licence)


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "scikit-learn": digits,
        "scikit-image": photographs,
        "npz": arrays,
        "folder": folders,
        "torchvision": torchvision,
    }
)
"""By what is written before the colon of a source."""


def whole(value: Any, low: int = 1) -> bool:
    """Whether a value is a whole number, at least `low`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _shared(count: int, among: int) -> list[int]:
    """A number in equal parts; the first ones are greater by 1 where it cannot be divided."""
    return [count // among + (place < count % among) for place in range(among)]


def _module(name: str, needed_by: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SuiteError(f"{needed_by}, {INSTALL}") from error


def _labels(part: Any) -> Sequence[Any]:
    for name in ("targets", "labels", "_labels"):
        if hasattr(part, name):
            found: Sequence[Any] = getattr(part, name)
            return found
    return [label for _, label in part]


def _numbered(labels: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(map(str, range(int(labels.max(initial=0)) + 1)))
