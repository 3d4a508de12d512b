"""The images that a pool shows networks, each batch read once and named by what it is."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import ray
from numpy.typing import NDArray

from rayzc.errors import ProxyError
from rayzc.options import Setup
from rayzc.problems import ImageTask
from rayzc.spaces import Task

__all__ = ["Batches"]


class Batches:
    """The images of a pool: read once, where the pool is, and named by their content.

    Random images have no content to keep: workers draw them. Images of a file, a data set or a benchmark are read here
    and go to the workers through Ray's object store, so that other machines need not have the files.

    Args:
        setup: how many images, and their source.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._read: dict[tuple[str | tuple[int, ...], int], tuple[str, int]] = {}
        self._references: dict[str, Any] = {}
        self._reading = asyncio.Lock()

    async def identity(self, task: Task, seed: int, shown: ImageTask | None = None) -> str:
        """The name of the batch for a task and a seed: for random images how they are drawn, else a hash.

        Tasks of two benchmarks can have the same name, the same batch and other numbers of classes, so these are a part
        of the batch's name.

        Args:
            task: what networks are built for.
            seed: draws the batch.
            shown: the task of a benchmark, whose images are shown unless the setup names others.

        Raises:
            ProxyError: the images are not there, or do not fit the task.
        """
        size, shape, source = self._setup.batch, task.input_shape, self._setup.images
        if source is None and shown is None:
            return f"normal {size}x{'x'.join(map(str, shape))} of {task.classes}, seed {seed}"
        # A file holds one batch, whatever the seed.
        key: tuple[str | tuple[int, ...], int]
        key = (shown.name, seed) if source is None and shown else (shape, 0 if _is_file(source) else seed)
        async with self._reading:
            if key not in self._read:
                self._read[key] = await asyncio.to_thread(self._load, shape, seed, shown)
        identity, labels = self._read[key]
        if labels >= task.classes:
            raise ProxyError(
                f"{source}: there is a label {labels}, but the task has only {task.classes} classes"
            )
        if shown is None:
            return identity
        named = f"{identity} of {task.classes}"
        self._references.setdefault(named, self._references[identity])
        return named

    def reference(self, identity: str) -> Any:
        """The batch of this identity in the object store; None for random images."""
        return self._references.get(identity)

    def _load(self, shape: tuple[int, ...], seed: int, shown: ImageTask | None) -> tuple[str, int]:
        images: NDArray[Any]
        labels: NDArray[Any]
        if self._setup.images is not None:
            from rayzc.proxies.batches import load_batch

            loaded = load_batch(self._setup.images, shape, self._setup.batch, seed, Path(self._setup.data))
            images, labels = (part.numpy() for part in loaded)
        else:
            assert shown is not None, "random images are not loaded"
            images, labels = shown.batch(self._setup.batch, seed)
        digest = hashlib.sha256(f"{images.shape}".encode())
        digest.update(images.tobytes())
        digest.update(labels.tobytes())
        identity = f"sha256 {digest.hexdigest()}"
        if identity not in self._references:
            self._references[identity] = ray.put((images, labels))
        return identity, int(labels.max(initial=0))


def _is_file(source: str | None) -> bool:
    return source is not None and Path(source).is_file()
