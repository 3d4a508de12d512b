"""The results of the passes, and why some of them are missing."""

from dataclasses import dataclass, field
from typing import Any

import torch

from rayzc.errors import RayzcError

__all__ = ["OUT_OF_MEMORY", "PassResults", "is_out_of_memory", "reason_of"]

OUT_OF_MEMORY = "out of memory"


@dataclass
class PassResults:
    """The by-products that the passes gathered, and why others are missing.

    Attributes:
        results: by-products by need.
        failures: the reasons why needs were not met, by need.
        notes: what a reader of the scores should know.
    """

    results: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, on a GPU or on the cpu."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def reason_of(error: BaseException) -> str:
    """The failure in one line."""
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    text = " ".join(str(error).split())
    return text if isinstance(error, RayzcError) else f"{type(error).__name__}: {text}"[:300]
