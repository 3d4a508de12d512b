"""Images and their classes as arrays: from ``.npz`` files, folders of class folders, and data sets of torchvision."""

import importlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import RayzcError, first_line, nearest

__all__ = ["IMAGE_ENDINGS", "image_folder", "picture", "read_arrays", "torchvision_set"]

KEYS = ("images", "labels")
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg")


def read_arrays(path: Path, error: type[RayzcError]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Reads the arrays ``images`` and ``labels`` of an ``.npz`` file; pickles in it are refused.

    Args:
        path: the file.
        error: the kind of error to raise.

    Returns:
        Images ``(images, ...)``, uint8 or floating point, and labels ``(images,)``.

    Raises:
        RayzcError: of that kind: there is no such file, or it does not hold such arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            missing = [key for key in KEYS if key not in arrays]
            if missing:
                raise error(
                    f"{path}: array '{missing[0]}' is missing; found: {', '.join(arrays) or 'none'}; "
                    "write the file with numpy.savez(path, images=..., labels=...)"
                )
            images, labels = (arrays[key] for key in KEYS)
    except FileNotFoundError as problem:
        raise error(f"{path}: there is no such file") from problem
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise error(f"{path}: not an .npz file of plain arrays ({first_line(problem)})") from problem
    if images.ndim < 2 or labels.ndim != 1 or len(images) != len(labels):
        raise error(
            f"{path}: images {images.shape} and labels {labels.shape} do not fit; "
            "they must be (images, channels, height, width) and (images,)"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise error(
            f"{path}: labels are {labels.dtype}; they must be the numbers of the classes, as integers"
        )
    if images.dtype != np.uint8 and not np.issubdtype(images.dtype, np.floating):
        raise error(f"{path}: images are {images.dtype}; save them as float32 or uint8")
    return images, labels.astype(np.int64)


def torchvision_set(name: str, folder: Path, error: type[RayzcError], otherwise: str) -> Any:
    """The class of a data set of torchvision.

    Args:
        name: its name, ``CIFAR10``.
        folder: where data sets are kept, and downloaded to.
        error: the kind of error to raise.
        otherwise: what to do without torchvision, for the message.

    Returns:
        A function that takes the keywords of the data set's class, and returns the data set.

    Raises:
        RayzcError: of that kind: torchvision is not installed, or has no such data set.
    """
    try:
        datasets: Any = importlib.import_module("torchvision.datasets")
    except ImportError as problem:
        raise error(
            f"'{name}' is not an .npz file, and data sets need torchvision, which is not installed: "
            f"run pip install torchvision, or {otherwise}"
        ) from problem
    if name not in datasets.__all__:
        raise error(f"torchvision has no data set '{name}'; {nearest(name, list(datasets.__all__))}")
    return lambda **keywords: getattr(datasets, name)(str(folder), download=True, **keywords)


def picture(image: Any, height: int, width: int) -> NDArray[np.uint8]:
    """A picture of Pillow's as ``(channels, height, width)``, scaled to this size; one channel if it is grey."""
    pixels = np.array(image.resize((width, height)), dtype=np.uint8)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def image_folder(
    path: Path, error: type[RayzcError]
) -> tuple[list[Path], NDArray[np.int64], tuple[str, ...]]:
    """The PNG and JPEG files of a folder that has a folder for each class, all sorted by name.

    Returns:
        The files, their labels ``(files,)``, and the names of the classes.

    Raises:
        RayzcError: of the kind `error`: it is not such a folder.
    """
    folders = sorted(inner for inner in path.iterdir() if inner.is_dir() and not inner.name.startswith("."))
    by_class = {
        inner.name: sorted(file for file in inner.iterdir() if file.suffix.lower() in IMAGE_ENDINGS)
        for inner in folders
    }
    empty = [name for name, files in by_class.items() if not files]
    if not by_class or empty:
        what = f"the folder {empty[0]} has no image" if empty else "it has no folders"
        raise error(
            f"{path}: {what}; make a folder for each class, with images that end in {', '.join(IMAGE_ENDINGS)}"
        )
    labels = np.repeat(np.arange(len(by_class)), [len(files) for files in by_class.values()])
    return [file for files in by_class.values() for file in files], labels.astype(np.int64), tuple(by_class)
