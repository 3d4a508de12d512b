"""TransNAS-Bench-101, macro: a network is a sequence of four to six modules.

Duan et al., "TransNAS-Bench-101: Improving Transferability and Generalizability of Cross-Task Neural
Architecture Search", CVPR 2021.
"""

from rayzc.errors import SpaceError
from rayzc.spaces.encoding import Encoding, Value
from rayzc.spaces.text import format_tuple, integers

__all__ = ["TRANSBENCH101_MACRO"]

_SPACE = "transbench101_macro"
LENGTHS = (4, 5, 6)
DOUBLINGS = (1, 2, 3)
HALVINGS = (1, 2, 3, 4)


def parse(text: str) -> Value:
    """Text such as ``(4, 3, 3, 2, 4, 1)``; zeros at the end, which pad to six in some files, are dropped."""
    value = integers(text, _SPACE)
    while value and value[-1] == 0:
        value = value[:-1]
    check(value)
    return value


def check(value: Value) -> None:
    """Four to six modules of types 1 to 4, with one to three doublings and one to four halvings."""
    text = format_tuple(value)
    if len(value) not in LENGTHS:
        raise SpaceError(f"{_SPACE} encoding '{text}' has {len(value)} modules; there must be 4, 5 or 6")
    for position, code in enumerate(value):
        if code not in (1, 2, 3, 4):
            raise SpaceError(
                f"{_SPACE} encoding '{text}': module {position} is {code}; module types are 1 (keeps), "
                "2 (doubles the channels), 3 (halves the resolution), 4 (both)"
            )
    doublings = sum(code in (2, 4) for code in value)
    halvings = sum(code in (3, 4) for code in value)
    if doublings not in DOUBLINGS:
        raise SpaceError(
            f"{_SPACE} encoding '{text}' doubles the channels {doublings} times; 1 to 3 are allowed"
        )
    if halvings not in HALVINGS:
        raise SpaceError(
            f"{_SPACE} encoding '{text}' halves the resolution {halvings} times; 1 to 4 are allowed"
        )


def canonical(value: Value) -> Value:
    """The value itself: different sequences are different networks."""
    check(value)
    return value


TRANSBENCH101_MACRO = Encoding(
    _SPACE,
    parse,
    format_tuple,
    check,
    canonical,
    "4 to 6 module types: 1 keeps, 2 doubles the channels, 3 halves the resolution, 4 does both",
)
