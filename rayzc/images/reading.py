"""Images as they are stored: an ``.npz`` file, a folder of class folders, or a torchvision data set."""

import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import RayzcError, counted, first_line, nearest
from rayzc.images.data_sets import data_set_class, data_set_errors, data_set_parts
from rayzc.images.labelled import LabelledImages, read_npz

__all__ = [
    "SUFFIXES",
    "ClassFolders",
    "class_folders",
    "pixels",
    "read_folder",
    "read_image",
    "read_images",
]

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Suffixes of image files."""

_TRAINING, _TESTING = ("train", "training"), ("test", "testing", "val", "validation")


class ClassFolders(NamedTuple):
    """Image files of a folder of class folders: the files, their labels ``(files,)`` int64, names of the classes."""

    files: list[Path]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]


def read_images(
    source: str | Path, error: type[RayzcError], *, side: int | None, folder: Path
) -> LabelledImages:
    """Reads images from a file, a folder, or a torchvision data set.

    Args:
        source: an ``.npz`` file, a folder of class folders, or the name of a torchvision data set.
        error: the kind of error to raise.
        side: height and width in pixels to scale images to; None to keep their size. Arrays are never scaled.
        folder: the folder of torchvision's data sets, to which missing ones are downloaded.

    Raises:
        RayzcError: of that kind: there are no such images, or they cannot be used.
    """
    path = Path(source)
    if path.is_dir():
        return read_folder(path, error, side)
    if path.suffix == ".npz" or path.exists():
        return read_npz(path, error)
    if len(path.parts) > 1:
        raise error(f"{source}: there is no such file or folder")
    return _read_data_set(str(source), error, side, folder)


def read_folder(path: Path, error: type[RayzcError], side: int | None = None) -> LabelledImages:
    """Reads images in RGB from a folder of class folders, or from two of these, named ``train`` and ``test``.

    Args:
        path: the folder.
        error: the kind of error to raise.
        side: height and width in pixels to scale images to; None to keep their size, which all must share.

    Raises:
        RayzcError: of that kind: there are fewer than two class folders, an image cannot be read, or the sizes of
            images differ.
    """
    parts = {inner.name.lower(): inner for inner in _folders(path)}
    training = next((parts[name] for name in _TRAINING if name in parts), None)
    testing = next((parts[name] for name in _TESTING if name in parts), None)
    if training is None or testing is None or len(parts) > 2:
        training, testing = path, None
    found = class_folders(training, error)
    if len(found.classes) < 2:
        raise error(
            f"{training}: found only {counted(len(found.classes), 'class folder')}; make a folder for each class, such "
            "as cats/ and dogs/"
        )
    images, labels = _stacked(_opened(found, error), path, side, error)
    if testing is None:
        return LabelledImages(images, labels, classes=found.classes)
    tested = class_folders(testing, error, found.classes)
    size = (images.shape[3], images.shape[2])
    test_images, test_labels = _stacked(_opened(tested, error), testing, side, error, size)
    return LabelledImages(images, labels, test_images, test_labels, found.classes)


def class_folders(
    path: Path, error: type[RayzcError], classes: tuple[str, ...] | None = None
) -> ClassFolders:
    """Lists the image files of a folder that has a folder for each class, without opening them, sorted by name.

    Args:
        path: the folder. Hidden folders, and files that are not images, are ignored.
        error: the kind of error to raise.
        classes: names of the classes; by default those of the folders.

    Raises:
        RayzcError: of that kind: there are no class folders, one has no images, or one is not among `classes`.
    """
    folders = _folders(path)
    if not folders:
        raise error(f"{path} has no folders; make a folder for each class, such as cats/ and dogs/")
    names = classes or tuple(folder.name for folder in folders)
    numbers = {name: number for number, name in enumerate(names)}
    files: list[Path] = []
    labels: list[int] = []
    for folder in folders:
        if folder.name not in numbers:
            raise error(
                f"{folder}: there is no class '{folder.name}' among the training images; "
                f"{nearest(folder.name, names)}"
            )
        own = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
        if not own:
            raise error(
                f"{folder} has no images: remove the folder, or add images of its class ({', '.join(SUFFIXES)})"
            )
        files += own
        labels += [numbers[folder.name]] * len(own)
    return ClassFolders(files, np.array(labels, np.int64), names)


def read_image(file: Path, error: type[RayzcError]) -> Any:
    """Reads an image file.

    Args:
        file: the file.
        error: the kind of error to raise.

    Returns:
        An image of Pillow in RGB.

    Raises:
        RayzcError: of that kind: the file is not an image, or Pillow is not installed.
    """
    try:
        pillow: Any = importlib.import_module("PIL.Image")
    except ImportError:
        raise error(
            f"{file}: image files need Pillow, which is not installed: run pip install pillow"
        ) from None
    try:
        with pillow.open(file) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as problem:
        raise error(f"{file} cannot be read as an image: {first_line(problem)}") from None


def pixels(image: Any, size: tuple[int, int]) -> NDArray[np.uint8]:
    """An image of Pillow, scaled to a width and a height, as ``(channels, height, width)``; grey has one channel."""
    array = np.array(image.resize(size), dtype=np.uint8)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _folders(path: Path) -> list[Path]:
    return sorted(inner for inner in path.iterdir() if inner.is_dir() and not inner.name.startswith("."))


def _opened(found: ClassFolders, error: type[RayzcError]) -> Iterator[tuple[Any, int, str]]:
    for file, label in zip(found.files, found.labels.tolist(), strict=True):
        yield read_image(file, error), label, str(file)


def _read_data_set(name: str, error: type[RayzcError], side: int | None, folder: Path) -> LabelledImages:
    kind = data_set_class(name, error, "give an .npz file or a folder of class folders")
    parts: list[tuple[NDArray[Any], NDArray[np.int64]]] = []
    with data_set_errors(name, error):
        for part in data_set_parts(kind, folder):
            samples = (part[place] for place in range(len(part)))
            named = (
                (image, int(label), f"{name}, image {place}") for place, (image, label) in enumerate(samples)
            )
            parts.append(_stacked(named, name, side, error))
    return LabelledImages.of(parts)


def _stacked(
    images: Iterable[tuple[Any, int, str]],
    source: str | Path,
    side: int | None,
    error: type[RayzcError],
    size: tuple[int, int] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images of Pillow as one array, and their labels.

    Args:
        images: each image with its label and name.
        source: their file, folder or data set, for messages.
        side: height and width to scale them to.
        error: the kind of error to raise.
        size: width and height that they must have if they are not scaled; by default the first image's.

    Raises:
        RayzcError: of that kind: there are no images, or their sizes or channels differ.
    """
    arrays, labels = [], []
    size = (side, side) if side else size
    for image, label, name in images:
        if size is None:
            size = (int(image.size[0]), int(image.size[1]))
        if side is None and tuple(image.size) != size:
            raise error(
                f"{name} has {image.size[0]}x{image.size[1]} pixels, but the first image has {size[0]}x{size[1]}: "
                "scale all images to one size with --image-size"
            )
        arrays.append(pixels(image, size))
        labels.append(label)
    if not arrays:
        raise error(f"{source} has no images")
    if len({array.shape for array in arrays}) > 1:
        raise error(f"{source} has grey and colour images: convert them all to colour, or all to grey")
    return np.stack(arrays), np.array(labels, np.int64)
