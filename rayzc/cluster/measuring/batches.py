"""The images of a pool: read once, where the pool is, and known by what they are."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import ray

from rayzc.cluster.measuring.request import Setup
from rayzc.errors import ProxyError
from rayzc.spaces import Task

__all__ = ["Batches"]


class Batches:
    """Names the batch of a task and a seed, and holds it for the workers.

    Random images have no content to be kept: workers draw them. Images of a file or a data set are read here and
    go to the workers through Ray's object store, so that other machines need not have them.

    Args:
        setup: how many images, and where from.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._read: dict[tuple[tuple[int, ...], int], tuple[str, Any]] = {}
        self._references: dict[str, Any] = {}
        self._reading = asyncio.Lock()

    async def identity(self, task: Task, seed: int) -> str:
        """What the batch is: for random images how they are drawn, else a hash of the content.

        Raises:
            ProxyError: the images are not there, or do not fit the task.
        """
        size, shape = self._setup.batch, task.input_shape
        if self._setup.images is None:
            return f"normal {size}x{'x'.join(map(str, shape))} of {task.classes}, seed {seed}"
        # A file holds one batch, whatever the seed.
        key = (shape, 0 if Path(self._setup.images).is_file() else seed)
        async with self._reading:
            if key not in self._read:
                self._read[key] = await asyncio.to_thread(self._load, shape, seed)
        identity, labels = self._read[key]
        if labels >= task.classes:
            raise ProxyError(
                f"{self._setup.images}: there is a label {labels}, but the task has only {task.classes} classes"
            )
        return identity

    def reference(self, identity: str) -> Any:
        """The batch of this identity in the object store; None for random images."""
        return self._references.get(identity)

    def _load(self, shape: tuple[int, ...], seed: int) -> tuple[str, Any]:
        from rayzc.proxies.batches import load_batch

        assert self._setup.images is not None
        loaded = load_batch(self._setup.images, shape, self._setup.batch, seed, Path(self._setup.data))
        images, labels = (part.numpy() for part in loaded)
        digest = hashlib.sha256(f"{images.shape}".encode())
        digest.update(images.tobytes())
        digest.update(labels.tobytes())
        identity = f"sha256 {digest.hexdigest()}"
        if identity not in self._references:
            self._references[identity] = ray.put((images, labels))
        return identity, int(labels.max(initial=0))
