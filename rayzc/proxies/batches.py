"""The batch of images to measure with: random, from a file, or from a torchvision data set."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rayzc.errors import ProxyError
from rayzc.images import BYTE, data_set, data_set_class, data_set_errors, pixels, read_npz

__all__ = ["batch_of", "load_batch", "random_batch"]


def batch_of(
    source: str | None, shape: str, classes: int, size: int, seed: int, folder: Path = Path("data")
) -> tuple[Tensor, Tensor]:
    """Returns the batch that a command's options describe.

    Args:
        source: see :func:`load_batch`; None for random images.
        shape: of an image, as ``"3,32,32"``.
        classes: number of classes of a random batch.
        size: most images in the batch.
        seed: draws the batch.
        folder: where data sets are kept.

    Raises:
        ProxyError: the shape cannot be read, or the images do not exist or have another shape.
    """
    try:
        sides = tuple(int(side) for side in shape.split(","))
    except ValueError:
        sides = ()
    if not sides or min(sides) < 1:
        raise ProxyError(f"--input {shape} is not a shape: write channels,height,width, such as 3,32,32")
    if source is None:
        return random_batch(sides, classes, size, seed)
    return load_batch(source, sides, size, seed, folder)


def random_batch(shape: Sequence[int], classes: int, size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draws images from N(0, 1) and labels uniformly.

    Args:
        shape: of an image, ``(channels, height, width)``.
        classes: number of classes.
        size: number of images.
        seed: the same seed gives the same batch.

    Returns:
        Images ``(size, *shape)`` float32 and labels ``(size,)`` int64.

    Raises:
        ProxyError: a size that is not positive.
    """
    if min(size, classes, *shape) < 1:
        raise ProxyError(
            f"a batch of {size} images {tuple(shape)} in {classes} classes is empty: give numbers of at least 1"
        )
    draws = torch.Generator().manual_seed(seed)
    images = torch.randn((size, *shape), generator=draws)
    return images, torch.randint(classes, (size,), generator=draws)


def load_batch(
    source: str, shape: Sequence[int], size: int, seed: int, folder: Path = Path("data")
) -> tuple[Tensor, Tensor]:
    """Reads a batch from an ``.npz`` file, or draws one from a data set of torchvision.

    Args:
        source: path of a file with arrays ``images`` ``(images, channels, height, width)`` (float, or bytes that
            stand for 0 to 1) and ``labels`` ``(images,)``; or the name of a data set, ``CIFAR10``.
        shape: the images that the network takes, ``(channels, height, width)``.
        size: number of images of a data set; the most to read of a file.
        seed: draws the images of a data set.
        folder: where data sets are kept, and downloaded to.

    Raises:
        ProxyError: the file or the data set does not exist or cannot be used.
    """
    path = Path(source)
    if path.suffix == ".npz" or path.exists():
        images, labels = _read(path)
    else:
        images, labels = _draw(source, shape, size, seed, folder)
    if tuple(images.shape[1:]) != tuple(shape):
        hint = ""
        if tuple(images.shape[1:]) == (*shape[1:], shape[0]):
            hint = "; they have their channels last: transpose them to (images, channels, height, width)"
        raise ProxyError(
            f"{source}: images are {tuple(images.shape[1:])}, but the network takes {tuple(shape)}{hint}"
        )
    return images[:size], labels[:size]


def _read(path: Path) -> tuple[Tensor, Tensor]:
    found = read_npz(path, ProxyError)
    images = found.images
    if images.dtype == np.uint8:
        images = images.astype(np.float32) / BYTE
    return torch.from_numpy(images), torch.from_numpy(found.labels)


def _draw(name: str, shape: Sequence[int], size: int, seed: int, folder: Path) -> tuple[Tensor, Tensor]:
    kind = data_set_class(name, ProxyError, "omit --images for random images")
    with data_set_errors(name, ProxyError):
        data = data_set(kind, folder)
        indices = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))[:size].tolist()
        samples = [data[index] for index in indices]
        images = np.stack([pixels(image, (shape[2], shape[1])) for image, _ in samples])
        return torch.from_numpy(images.astype(np.float32) / BYTE), torch.tensor(
            [int(label) for _, label in samples]
        )
