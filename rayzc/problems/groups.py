"""Groups of rows: which rows of a table are the same network.

Benchmarks list some networks several times, under different encodings. A formula that was bred on one encoding of a
network has in effect seen the others, so a split for validation must go by network.

Where the search space is known (:data:`rayzc.spaces.SPACES`), equal canonical encodings decide, and
nothing else: no recorded proxy tells networks apart or together as surely. ``params`` and ``flops`` are
functions of the architecture alone, but in the suite 725 NAS-Bench-201 cells share 66 pairs of them, and
encodings of one network differ in them (operations that reach no output are counted; NAS-Bench-101 splits
channels by the order of the vertices). ``synflow`` depends on the initial weights, and hence agrees for two
measurements only if network and random stream were the same.

Where the space is unknown, rows agree if all of :data:`DETERMINISTIC` were measured and are equal, bit for
bit: then the function of the network and its initial weights were the same. Any other row is a network of its own.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rayzc.spaces.registry import SPACES

__all__ = ["DETERMINISTIC", "network_groups"]

DETERMINISTIC = ("flops", "params", "synflow")


def network_groups(
    space: str, architectures: Sequence[str], proxies: Sequence[str], scores: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Numbers the networks: rows with equal numbers are the same network.

    The number is a hash of the search space and the network, so it is the same in every problem of the space,
    whatever the other rows.

    Args:
        space: search space.
        architectures: their encodings, ``(architectures,)``.
        proxies: names of the columns.
        scores: ``(architectures, proxies)``, nan where not measured.

    Returns:
        ``(architectures,)``.

    Raises:
        rayzc.errors.SpaceError: the space is known and an encoding is not one of its networks.
    """
    if space in SPACES:
        keys = [_canonical(space, architecture) for architecture in architectures]
    else:
        keys = _first_of_equal_rows(architectures, proxies, scores)
    return np.array([_number(space, key) for key in keys], dtype=np.int64)


@lru_cache(maxsize=1 << 17)
def _canonical(space: str, architecture: str) -> str:
    return SPACES[space].encoding.key(architecture)


def _number(space: str, key: str) -> int:
    """63 bits of a hash: among a million networks, two share a number with probability 5e-8."""
    return int.from_bytes(hashlib.sha256(f"{space}\0{key}".encode()).digest()[:8], "big") >> 1


def _first_of_equal_rows(
    architectures: Sequence[str], proxies: Sequence[str], scores: NDArray[np.float64]
) -> list[str]:
    if not set(DETERMINISTIC) <= set(proxies):
        return list(architectures)
    rows = [tuple(row) for row in scores[:, [list(proxies).index(name) for name in DETERMINISTIC]].tolist()]
    first: dict[tuple[float, ...], str] = {}
    for architecture, row in zip(architectures, rows, strict=True):
        if not any(map(np.isnan, row)):
            first[row] = min(architecture, first.get(row, architecture))
    return [first.get(row, architecture) for architecture, row in zip(architectures, rows, strict=True)]
