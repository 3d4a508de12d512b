"""How a search space writes its networks down: the interface, and the text form that all spaces share."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rayzc.errors import SpaceError

__all__ = ["Encoding", "Value", "format_tuple", "integers", "nested"]

Value = tuple[Any, ...]
"""A parsed encoding: a tuple (possibly nested, possibly named), hence immutable and hashable."""

_TOKEN = re.compile(r"\s*(?:([0-9]+)|([(\[])|([)\]])|(,)|(\S))")
_FLAT = re.compile(r"\([0-9]+(?:, [0-9]+)*\)")
_CLOSING = {"(": ")", "[": "]"}
_MAX_LENGTH = 1000
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a search space writes its networks down, and when two texts mean the same network.

    All functions raise :class:`rayzc.errors.SpaceError` for anything that is not a network of the space, and name
    what is wrong and where.

    Attributes:
        space: name of the search space, ``nasbench201``.
        parse: text, as the suite's files have it, to a checked value.
        format: value to text; ``format(parse(text)) == text`` for the suite's own text.
        check: raises unless the value is a network of the space.
        canonical: the representative of all values that describe the same network: a value of the same
            space again, equal for two values exactly if their networks are the same up to the names of
            their vertices. ``canonical(canonical(v)) == canonical(v)``.
    """

    space: str
    parse: Callable[[str], Value]
    format: Callable[[Value], str]
    check: Callable[[Value], None]
    canonical: Callable[[Value], Value]

    def key(self, text: str) -> str:
        """The text of the canonical network: the same text for all encodings of a network.

        Raises:
            SpaceError: the text is not a network of the space.
        """
        return self.format(self.canonical(self.parse(text)))


def format_tuple(values: tuple[int, ...]) -> str:
    """Writes integers the way the suite does: ``(4, 3, 3)``."""
    return f"({', '.join(map(str, values))})"


def integers(text: str, space: str) -> tuple[int, ...]:
    """Reads a flat sequence of integers such as ``(4, 3, 3)``.

    Raises:
        SpaceError: if it is anything else, with the position.
    """
    if isinstance(text, str) and len(text) <= _MAX_LENGTH and _FLAT.fullmatch(text):
        return tuple(map(int, text[1:-1].split(", ")))  # the suite's own form: ten times as fast
    values = nested(text, space)
    for position, value in enumerate(values):
        if not isinstance(value, int):
            raise SpaceError(f"{space} encoding '{text}': entry {position} is a sequence, not a number")
    return values


def nested(text: str, space: str) -> tuple[Any, ...]:
    """Reads nested sequences of non-negative integers in round or square brackets, as nested tuples.

    Args:
        text: for example ``[[(0, 1), (1, 2)]]``.
        space: the search space, for the message of an error.

    Raises:
        SpaceError: if the text is not of this form, with the position (from 1) and what was expected.
    """
    if not isinstance(text, str):
        raise SpaceError(f"{space} encoding must be text, not {type(text).__name__}")
    if len(text) > _MAX_LENGTH:
        raise SpaceError(f"{space} encoding has {len(text)} characters; at most {_MAX_LENGTH} are allowed")

    def refuse(position: int, expected: str) -> SpaceError:
        return SpaceError(f"{space} encoding '{text}': at character {position + 1} expected {expected}")

    stack: list[list[Any]] = []
    brackets: list[str] = []
    result: tuple[Any, ...] | None = None
    may_start, after_item = True, False  # may an item start here; did an item just end here
    for match in _TOKEN.finditer(text):
        number, opening, closing, comma, _ = match.groups()
        position = match.start(match.lastindex or 0)
        if result is not None:
            raise refuse(position, "the end")
        if number and stack and may_start:
            stack[-1].append(int(number))
            may_start, after_item = False, True
        elif opening and may_start:
            if len(stack) == _MAX_DEPTH:
                raise refuse(position, f"at most {_MAX_DEPTH} nested brackets")
            stack.append([])
            brackets.append(_CLOSING[opening])
            after_item = False
        elif comma and after_item:
            may_start, after_item = True, False
        elif closing and stack and closing == brackets[-1]:
            done = tuple(stack.pop())
            brackets.pop()
            if stack:
                stack[-1].append(done)
                may_start, after_item = False, True
            else:
                result = done
        elif not stack:
            raise refuse(position, "an opening bracket")
        elif after_item:
            raise refuse(position, f"',' or '{brackets[-1]}'")
        else:
            raise refuse(position, f"a number or '{brackets[-1]}'")
    if result is None:
        raise refuse(len(text), f"'{brackets[-1]}'" if brackets else "an opening bracket")
    return result
