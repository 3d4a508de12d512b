"""Images as they lie on disk: an ``.npz`` file, a folder of class folders, a torchvision data set."""

import importlib
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import RayzcError, counted, first_line, nearest
from rayzc.images.image_set import ImageSet, image_set_of, read_npz

__all__ = ["data_set_class", "pixels", "read_folder", "read_images"]

_PICTURES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_TRAINING, _TESTING = ("train", "training"), ("test", "testing", "val", "validation")


def read_images(source: str | Path, error: type[RayzcError], *, side: int | None, folder: Path) -> ImageSet:
    """Reads images of whatever kind.

    Args:
        source: an ``.npz`` file, a folder of class folders, or the name of a torchvision data set.
        error: the kind of error to raise.
        side: height and width in pixels that pictures are scaled to; None for as they are.
        folder: where torchvision's data sets are kept, and downloaded to.

    Raises:
        RayzcError: of the kind `error`: there are no such images, or they cannot be used; says what to do.
    """
    path = Path(source)
    if path.is_dir():
        return read_folder(path, error, side)
    if path.suffix == ".npz" or path.exists():
        return read_npz(path, error)
    if len(path.parts) > 1:
        raise error(f"{source}: there is no such file or folder")
    return _read_data_set(str(source), error, side, folder)


def read_folder(path: Path, error: type[RayzcError], side: int | None = None) -> ImageSet:
    """Reads pictures from folders named by their classes, which may lie in folders ``train`` and ``test``.

    Args:
        path: the folder.
        error: the kind of error to raise.
        side: height and width in pixels to scale pictures to; None for as they are, if that is all the same.

    Raises:
        RayzcError: of the kind `error`: there are no class folders, a picture cannot be read, or their sizes differ.
    """
    parts = {inner.name.lower(): inner for inner in path.iterdir() if inner.is_dir()}
    training = next((parts[name] for name in _TRAINING if name in parts), None)
    testing = next((parts[name] for name in _TESTING if name in parts), None)
    if training is None or testing is None or len(parts) > 2:
        training, testing = path, None
    classes = tuple(sorted(inner.name for inner in training.iterdir() if _has_pictures(inner)))
    if len(classes) < 2:
        raise error(
            f"{training}: found {counted(len(classes), 'folder')} with pictures; put the pictures of each class into a "
            "folder of its own, such as cats/ and dogs/"
        )
    images, labels = _stacked(_pictures(training, classes, error), path, side, error)
    if testing is None:
        return ImageSet(images, labels, classes=classes)
    unknown = sorted({inner.name for inner in testing.iterdir() if _has_pictures(inner)} - set(classes))
    if unknown:
        raise error(
            f"{testing / unknown[0]}: there is no class '{unknown[0]}' in {training}; "
            f"{nearest(unknown[0], classes)}"
        )
    shape = (images.shape[3], images.shape[2])
    tested, test_labels = _stacked(_pictures(testing, classes, error), testing, side, error, shape)
    return ImageSet(images, labels, tested, test_labels, classes)


def _has_pictures(folder: Path) -> bool:
    return folder.is_dir() and any(file.suffix.lower() in _PICTURES for file in folder.iterdir())


def _pictures(
    folder: Path, classes: tuple[str, ...], error: type[RayzcError]
) -> Iterator[tuple[Any, int, str]]:
    """The pictures of a folder with the numbers of their classes and their names, in the order of their names."""
    try:
        pillow: Any = importlib.import_module("PIL.Image")
    except ImportError:
        raise error(
            f"{folder}: pictures need Pillow, which is not installed: run pip install pillow"
        ) from None
    for label, name in enumerate(classes):
        if not (folder / name).is_dir():
            continue
        for file in sorted((folder / name).iterdir()):
            if file.suffix.lower() in _PICTURES:
                try:
                    with pillow.open(file) as picture:
                        yield picture.convert("RGB"), label, str(file)
                except (OSError, ValueError, SyntaxError) as problem:
                    raise error(f"{file} is not a picture that can be read: {first_line(problem)}") from None


def _stacked(
    pictures: Iterable[tuple[Any, int, str]],
    source: str | Path,
    side: int | None,
    error: type[RayzcError],
    size: tuple[int, int] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures as one array, and their classes.

    Args:
        pictures: each with its class and name.
        source: where they are from, for messages.
        side: to scale them to.
        error: the kind of error to raise.
        size: width and height that they must have where they are not scaled; by default that of the first.
    """
    images, labels = [], []
    size = (side, side) if side else size
    for picture, label, name in pictures:
        if size is None:
            size = (int(picture.size[0]), int(picture.size[1]))
        if side is None and tuple(picture.size) != size:
            raise error(
                f"{name} is {picture.size[0]}x{picture.size[1]} pixels and the first picture {size[0]}x{size[1]}: "
                "scale all to one size with --image-size"
            )
        images.append(pixels(picture, size))
        labels.append(label)
    if not images:
        raise error(f"{source} has no pictures")
    if len({image.shape for image in images}) > 1:
        raise error(f"{source} has pictures in grey and in colour: convert them to one of the two")
    return np.stack(images), np.array(labels, np.int64)


def pixels(picture: Any, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of Pillow as bytes ``(channels, height, width)``, scaled to a width and a height."""
    array = np.array(picture.resize(size), dtype=np.uint8)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def data_set_class(name: str, error: type[RayzcError], instead: str) -> Any:
    """The class of a torchvision data set.

    Args:
        name: its name.
        error: the kind of error to raise.
        instead: what else to do where torchvision is missing, in words.

    Raises:
        RayzcError: of the kind `error`: torchvision is not installed, or has no such data set.
    """
    try:
        datasets: Any = importlib.import_module("torchvision.datasets")
    except ImportError as problem:
        raise error(
            f"'{name}' is not an .npz file, and data sets need torchvision, which is not installed: "
            f"run pip install torchvision, or {instead}"
        ) from problem
    if name not in datasets.__all__:
        raise error(f"torchvision has no data set '{name}'; {nearest(name, list(datasets.__all__))}")
    return getattr(datasets, name)


def _read_data_set(name: str, error: type[RayzcError], side: int | None, folder: Path) -> ImageSet:
    kind = data_set_class(name, error, "name an .npz file or a folder of class folders")
    known = inspect.signature(kind).parameters
    choices: tuple[dict[str, Any], ...] = ({},)
    if "train" in known:
        choices = ({"train": True}, {"train": False})
    elif "split" in known:
        choices = ({"split": "train"}, {"split": "test"})
    parts: list[tuple[NDArray[Any], NDArray[np.int64]]] = []
    try:
        for chosen in choices:
            data = kind(str(folder), **chosen, **({"download": True} if "download" in known else {}))
            samples = (data[place] for place in range(len(data)))
            named = (
                (picture, int(label), f"{name}, image {place}")
                for place, (picture, label) in enumerate(samples)
            )
            parts.append(_stacked(named, name, side, error))
    except (TypeError, ValueError, RuntimeError, OSError) as problem:
        raise error(
            f"the data set '{name}' cannot be read as images and classes: {first_line(problem)}"
        ) from problem
    return image_set_of(parts)
