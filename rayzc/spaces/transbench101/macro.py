"""TransNAS-Bench-101, macro: 3,256 sequences of four to six modules.

Duan et al., "TransNAS-Bench-101: Improving Transferability and Generalizability of Cross-Task Neural
Architecture Search", CVPR 2021 (https://arxiv.org/abs/2105.11871).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from rayzc.errors import SpaceError
from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.encoding import Encoding, Value, format_tuple, integers
from rayzc.spaces.space import SearchSpace
from rayzc.spaces.transbench101.tasks import TASKS

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["TRANSBENCH101_MACRO", "TransBench101Macro"]

_SPACE = "transbench101_macro"
_WORDS = ("", "keeps", "doubles channels", "halves resolution", "doubles channels, halves resolution")
_LENGTHS = (4, 5, 6)
_DOUBLINGS = (1, 2, 3)
_HALVINGS = (1, 2, 3, 4)


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
    if len(value) not in _LENGTHS:
        raise SpaceError(f"{_SPACE} encoding '{text}' has {len(value)} modules; there must be 4, 5 or 6")
    for position, code in enumerate(value):
        if code not in (1, 2, 3, 4):
            raise SpaceError(
                f"{_SPACE} encoding '{text}': module {position} is {code}; module types are 1 (keeps), "
                "2 (doubles the channels), 3 (halves the resolution), 4 (both)"
            )
    doublings = sum(code in (2, 4) for code in value)
    halvings = sum(code in (3, 4) for code in value)
    if doublings not in _DOUBLINGS:
        raise SpaceError(
            f"{_SPACE} encoding '{text}' doubles the channels {doublings} times; 1 to 3 are allowed"
        )
    if halvings not in _HALVINGS:
        raise SpaceError(
            f"{_SPACE} encoding '{text}' halves the resolution {halvings} times; 1 to 4 are allowed"
        )


def canonical(value: Value) -> Value:
    """The value itself: different sequences are different networks."""
    check(value)
    return value


TRANSBENCH101_MACRO = Encoding(_SPACE, parse, format_tuple, check, canonical)


class TransBench101Macro(SearchSpace):
    """The space of sequences of four to six modules of residual blocks.

    Neighbours differ in the type of one module, or by one module inserted or removed.
    """

    name = "transbench101_macro"
    encoding = TRANSBENCH101_MACRO
    size = 3256
    tasks = TASKS
    width = 64
    depth = 2
    width_unit = 2
    side_unit = 1

    def sample(self, rng: np.random.Generator) -> Value:
        """Draws evenly from all sequences."""
        elements = _elements()
        return elements[int(rng.integers(len(elements)))]

    def neighbours(self, architecture: Value) -> tuple[Value, ...]:
        """All sequences with one module replaced, inserted or removed, in this order."""
        self.validate(architecture)
        length = len(architecture)
        replaced = (
            (*architecture[:place], module, *architecture[place + 1 :])
            for place in range(length)
            for module in range(1, 5)
        )
        inserted = (
            (*architecture[:place], module, *architecture[place:])
            for place in range(length + 1)
            for module in range(1, 5)
        )
        removed = ((*architecture[:place], *architecture[place + 1 :]) for place in range(length))
        edited = dict.fromkeys(itertools.chain(replaced, inserted, removed))
        return tuple(other for other in edited if other != architecture and _possible(other))

    def cross_over(self, first: Value, second: Value, rng: np.random.Generator) -> Value:
        """Takes the length and each module from either parent, evenly from all children that are possible."""
        self.validate(first)
        self.validate(second)
        children = {
            child
            for parent in (first, second)
            for child in itertools.product(
                *(
                    sorted({sequence[place] for sequence in (first, second) if place < len(sequence)})
                    for place in range(len(parent))
                )
            )
            if _possible(child)
        }
        ordered = sorted(children)
        return ordered[int(rng.integers(len(ordered)))]

    def enumerate(self) -> Iterator[Value]:
        """All sequences, short ones first."""
        return iter(_elements())

    def describe(self, architecture: Value) -> str:
        """The string of TransNAS-Bench-101: ``64-41414-basic``."""
        self.validate(architecture)
        return f"64-{''.join(map(str, architecture))}-basic"

    def draw(self, architecture: Value) -> tuple[Drawing, ...]:
        """The network as a chain of modules."""
        self.validate(architecture)
        nodes = ("stem", *(_WORDS[module] for module in architecture), "head")
        edges = tuple(Edge(place, place + 1) for place in range(len(nodes) - 1))
        return (Drawing(f"{self.name} network", nodes, edges),)

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch."""
        from rayzc.spaces.transbench101.network import TransBench101MacroNetwork

        return TransBench101MacroNetwork, (architecture,)


def _possible(modules: Value) -> bool:
    return (
        len(modules) in _LENGTHS
        and sum(module in (2, 4) for module in modules) in _DOUBLINGS
        and sum(module in (3, 4) for module in modules) in _HALVINGS
    )


@cache
def _elements() -> tuple[Value, ...]:
    sequences = (itertools.product(range(1, 5), repeat=length) for length in _LENGTHS)
    return tuple(filter(_possible, itertools.chain.from_iterable(sequences)))
