"""Remembering a limited number of answers."""

from collections import OrderedDict
from typing import TypeVar

__all__ = ["remember"]

Key = TypeVar("Key")
Answer = TypeVar("Answer")


def remember(known: OrderedDict[Key, Answer], key: Key, answer: Answer, room: int) -> None:
    """Adds an answer that is not known yet; the one that came first is forgotten where `room` is full."""
    if len(known) >= room:
        # A plain dict would look for its first key behind all that were deleted before it.
        known.popitem(last=False)
    known[key] = answer
