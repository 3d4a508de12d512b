"""The interface of an encoding: how a search space writes its networks down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Encoding", "Value"]

Value = tuple[Any, ...]
"""A parsed encoding: a tuple (possibly nested, possibly named), hence immutable and hashable."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one search space writes its networks down, and when two texts mean one network.

    All functions raise :class:`rayzc.errors.SpaceError` for what is no network of the space, naming what is
    wrong and where.

    Attributes:
        space: name of the search space, ``nasbench201``.
        parse: text, as the suite's files have it, to a checked value.
        format: value to text; ``format(parse(text)) == text`` for the suite's own text.
        check: raises unless the value is a network of the space.
        canonical: the representative of all values that describe the same network: a value of the same
            space again, equal for two values exactly if their networks are the same up to the names of
            their vertices. ``canonical(canonical(v)) == canonical(v)``.
        description: what the numbers in the text mean, in a sentence.
    """

    space: str
    parse: Callable[[str], Value]
    format: Callable[[Value], str]
    check: Callable[[Value], None]
    canonical: Callable[[Value], Value]
    description: str

    def key(self, text: str) -> str:
        """The text of the canonical network: one text for all encodings of one network.

        Raises:
            rayzc.errors.SpaceError: if the text is no network of the space.
        """
        return self.format(self.canonical(self.parse(text)))
