"""Rankings of many problems at once: from the values of a formula to the order of the architectures.

Every rank correlation needs the sort, so it is a radix sort on the cheapest exact key. A float64
becomes an integer of the same order; its leading bits, as many as tell the problem's values apart, are sorted in
three passes with the row number carried below them. Only rows whose leading bits agree (few) are compared by
their true values afterwards, so the order is exact, and ties are ties.

Rows are numbered by ascending accuracy within their problem: tied rows then come out in the order of accuracy,
which is what counting discordant pairs needs.

In the kernels every index is unsigned. Numba wraps signed indices around at the end of the array as Python does,
and that test alone keeps loops from being vectorised.
"""

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["PASSES", "Ranking", "buckets", "kernel", "sort_rows"]

U = np.uint64
_MAGNITUDE = np.int64(0x7FFFFFFFFFFFFFFF)
_INFINITY_BITS = np.int64(0x7FF0000000000000)
_NOT_FINITE = np.int64(-0x8000000000000000)
_SHORT_RUN = 24
PASSES = 3
_ROW_BITS = 31  # 33 bits stay for the head: three digits of 11


def _own_folder() -> str | None:
    """A folder below that for temporary files that nobody else can write to, since cached kernels are code."""
    folder = Path(tempfile.gettempdir(), f"rayzc-kernels-{os.getuid()}")
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
        if stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o022:
            return str(folder)
    return None


def kernel(function: Callable[..., Any]) -> Any:
    """The one way kernels are compiled: cached on disk, IEEE division, no bounds check, no GIL.

    Where neither the installation nor the home folder can be written, the cache is a folder for temporary files.
    """
    options: dict[str, Any] = {"error_model": "numpy", "boundscheck": False, "nogil": True}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # there is no place for a cache
        folder = _own_folder()
        vars(numba.config)["CACHE_DIR"] = folder or ""
        return numba.njit(cache=folder is not None, **options)(function)


@dataclass(frozen=True)
class Ranking:
    """Orders the architectures of every problem by a formula's values, in reusable buffers.

    Attributes:
        offsets: where each problem's rows begin, and the end, ``(problems + 1,)``.
        order: after :meth:`sort`, the rows of each problem from the lowest value to the highest, counted from
            the problem's first row, ``(rows,)``.
        lead: after :meth:`sort`, for each place in `order` the first place whose row has the same value,
            ``(rows,)``.
    """

    offsets: NDArray[np.int64]
    order: NDArray[np.int32] = field(init=False)
    lead: NDArray[np.int32] = field(init=False)
    _keys: NDArray[np.uint64] = field(init=False)
    _counts: NDArray[np.uint32] = field(init=False)

    def __post_init__(self) -> None:
        rows, longest = int(self.offsets[-1]), int(np.diff(self.offsets).max())
        object.__setattr__(self, "order", np.zeros(rows, np.int32))
        object.__setattr__(self, "lead", np.zeros(rows, np.int32))
        object.__setattr__(self, "_keys", np.empty((2, longest), np.uint64))
        object.__setattr__(self, "_counts", np.empty((PASSES, buckets(longest)), np.uint32))

    def sort(self, values: NDArray[np.float64]) -> None:
        """Ranks the rows of every problem; what is not finite comes first, as one tie.

        Args:
            values: a formula's values, ``(rows,)``, contiguous.
        """
        sort_rows(
            values, values.view(np.int64), self.offsets, self._keys, self._counts, self.order, self.lead
        )

    def ties(self, unavoidable: NDArray[np.int64]) -> float:
        """The largest share of a problem's pairs that the values last sorted tie.

        Args:
            unavoidable: pairs of each problem that do not count, ``(problems,)``.
        """
        return float(_ties(self.offsets, self.lead, unavoidable))

    def digest(self) -> int:
        """A 64-bit hash of the ranking last sorted.

        Equal for formulas that order the architectures of all problems in the same way, ties included. Two
        different rankings agree with a probability of at most about 2^-57, that of two rows exchanged
        (multilinear hashing modulo 2^64: both differences are even, so low bits of their product are lost).
        """
        rows, places = _mix(len(self.order))
        return int(_digest(self.offsets, self.order, self.lead, rows, places))


@lru_cache(maxsize=8)
def _mix(rows: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    mix = np.random.Generator(np.random.PCG64(0x5A17)).integers(0, 2**64, (2, rows), np.uint64)
    return mix[0] | U(1), mix[1] | U(1)


@kernel
def buckets(longest):  # type: ignore[no-untyped-def]
    """Values of a digit: longer digits pay once there are many more rows than buckets."""
    return 256 if longest <= 4096 else 2048


@kernel
def sort_rows(values, bits, offsets, keys, counts, order, lead):  # type: ignore[no-untyped-def]
    """See :meth:`Ranking.sort`; `bits` are those of the values, and the buffers those of a ranking."""
    digit = U(8) if counts.shape[1] == 256 else U(11)
    row_bits = U(_ROW_BITS)
    for p in range(len(offsets) - 1):
        low = U(offsets[p])
        high = U(offsets[p + 1])
        n = high - low
        _keys_of(bits, low, n, U(PASSES) * digit, keys)
        _radix_sort(keys, n, row_bits, digit, counts)
        undecided = U(0)
        for k in range(n):
            order[low + k] = keys[1, k] & ((U(1) << row_bits) - U(1))
            lead[low + k] = k
        for k in range(U(1), n):
            undecided += U((keys[1, k] ^ keys[1, k - U(1)]) >> row_bits == U(0))
        if undecided > U(0):
            _decide(values, low, n, keys[1], row_bits, order[low:high], lead[low:high], keys[0])


@kernel
def _keys_of(bits, low, n, head_bits, keys):  # type: ignore[no-untyped-def]
    """Writes to ``keys[0]`` each row's leading bits above its number; 0 leads what is not finite."""
    least, most = _MAGNITUDE, -_MAGNITUDE
    for i in range(n):
        b = bits[low + i]
        # -0.0 and 0.0 are one value; negatives are stored as magnitudes, so their bits are turned over.
        b = np.int64(0) if b == _NOT_FINITE else b
        k = b ^ ((b >> 63) & _MAGNITUDE)
        finite = (b & _MAGNITUDE) < _INFINITY_BITS
        keys[0, i] = U(k if finite else _NOT_FINITE)
        least = min(least, k if finite else _MAGNITUDE)
        most = max(most, k if finite else -_MAGNITUDE)
    base = U(least)
    span = U(most) - base if most >= least else U(0)
    room = (U(1) << head_bits) - U(2)
    shift = U(0)
    while (span >> shift) > room:
        shift += U(1)
    for i in range(n):
        k = keys[0, i]
        head = ((k - base) >> shift) + U(1)
        head = U(0) if k == U(_NOT_FINITE) else head
        keys[0, i] = (head << U(_ROW_BITS)) | i


@kernel
def _radix_sort(keys, n, low_bit, digit, counts):  # type: ignore[no-untyped-def]
    """Sorts ``keys[0, :n]`` into ``keys[1, :n]`` by three digits from `low_bit` up, stably."""
    mask = (U(1) << digit) - U(1)
    counts[:] = 0
    for i in range(n):
        head = keys[0, i] >> low_bit
        counts[0, head & mask] += np.uint32(1)
        counts[1, (head >> digit) & mask] += np.uint32(1)
        counts[2, head >> (U(2) * digit)] += np.uint32(1)
    for q in range(U(PASSES)):
        before = np.uint32(0)
        for d in range(mask + U(1)):
            here = counts[q, d]
            counts[q, d] = before
            before += here
        shift = low_bit + q * digit
        source, target = q & U(1), U(1) - (q & U(1))
        for i in range(n):
            key = keys[source, i]
            d = (key >> shift) & mask
            keys[target, U(counts[q, d])] = key
            counts[q, d] += np.uint32(1)


@kernel
def _digest(offsets, order, lead, row_mix, place_mix):  # type: ignore[no-untyped-def]
    digest = U(0)
    for p in range(len(offsets) - 1):
        low = U(offsets[p])
        for k in range(low, U(offsets[p + 1])):
            digest += row_mix[low + U(order[k])] * place_mix[low + U(lead[k])]
    return digest


@kernel
def _ties(offsets, lead, unavoidable):  # type: ignore[no-untyped-def]
    most = 0.0
    for p in range(len(offsets) - 1):
        low = U(offsets[p])
        n = U(offsets[p + 1]) - low
        tied = np.int64(0)
        for k in range(n):
            tied += np.int64(k) - np.int64(lead[low + k])  # the rows before it that it ties with
        pairs = float(n) * (float(n) - 1.0) / 2.0
        if pairs > 0.0:
            most = max(most, float(tied - unavoidable[p]) / pairs)
    return most


@kernel
def _decide(values, low, n, keys, row_bits, order, lead, scratch):  # type: ignore[no-untyped-def]
    """Sorts each run of equal leading bits by the true values, and marks the ties."""
    start = U(0)
    while start < n:
        head = keys[start] >> row_bits
        stop = start + U(1)
        while stop < n and keys[stop] >> row_bits == head:
            stop += U(1)
        if stop - start > U(1):
            if head == U(0):  # not finite: one tie
                for k in range(start, stop):
                    lead[k] = start
            else:
                if stop - start > U(_SHORT_RUN):
                    _merge_sort(values, low, start, stop, order, scratch)
                else:
                    _insertion_sort(values, low, start, stop, order)
                for k in range(start + U(1), stop):
                    same = values[low + U(order[k])] == values[low + U(order[k - U(1)])]
                    lead[k] = lead[k - U(1)] if same else np.int32(k)
        start = stop


@kernel
def _insertion_sort(values, low, start, stop, order):  # type: ignore[no-untyped-def]
    for k in range(start + U(1), stop):
        row = order[k]
        value = values[low + U(row)]
        j = k
        while j > start and values[low + U(order[j - U(1)])] > value:
            order[j] = order[j - U(1)]
            j -= U(1)
        order[j] = row


@kernel
def _merge_sort(values, low, start, stop, order, scratch):  # type: ignore[no-untyped-def]
    for begin in range(start, stop, U(_SHORT_RUN)):
        _insertion_sort(values, low, begin, min(begin + U(_SHORT_RUN), stop), order)
    width = U(_SHORT_RUN)
    while width < stop - start:
        for begin in range(start, stop, U(2) * width):
            middle = min(begin + width, stop)
            end = min(begin + U(2) * width, stop)
            for k in range(begin, middle):
                scratch[k - begin] = order[k]
            left, right, out = U(0), middle, begin
            while left < middle - begin:
                take_right = right < end and values[low + U(order[right])] < values[low + U(scratch[left])]
                if take_right:
                    order[out] = order[right]
                    right += U(1)
                else:
                    order[out] = scratch[left]
                    left += U(1)
                out += U(1)
        width *= U(2)
