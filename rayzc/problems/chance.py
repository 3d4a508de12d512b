"""Chance that stays: the same numbers from a seed on every machine and under every version of numpy.

numpy may change how its Generator draws; only the raw numbers of a bit generator are promised. What is drawn here is
stored as parameters and drawn again when a suite is read.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["numbers", "shuffled"]


def numbers(count: int, *key: int | str) -> NDArray[np.uint64]:
    """Draws 64-bit numbers ``(count,)``.

    Args:
        count: how many.
        key: a seed, and what the numbers are for: each key has a stream of its own.
    """
    seed = int.from_bytes(hashlib.sha256(repr(key).encode()).digest(), "big")
    return np.random.PCG64(seed).random_raw(count)


def shuffled(count: int, *key: int | str) -> NDArray[np.int64]:
    """The numbers from 0 to `count` in a random order, ``(count,)``; key as for :func:`numbers`."""
    return np.argsort(numbers(count, *key), kind="stable").astype(np.int64)
