"""TransNAS-Bench-101, macro: 3,256 sequences of modules (Duan et al. 2021, https://arxiv.org/abs/2105.11871)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.encoding import Value
from rayzc.spaces.space import SearchSpace, Task
from rayzc.spaces.transbench101.macro_encoding import DOUBLINGS, HALVINGS, LENGTHS, TRANSBENCH101_MACRO

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["TASKS", "TransBench101Macro"]

TASKS = MappingProxyType(
    {
        "class_scene": Task(63, 256),
        "class_object": Task(100, 256),
        "jigsaw": Task(1000, 64, patches=9),
        "room_layout": Task(9, 256),
    }
)
"""The tasks of TransNAS-Bench-101 with a linear head, on Taskonomy images; room_layout is a regression. The
suite measured 256-pixel images, and for jigsaw nine tiles of 64 pixels; the recorded ``flops`` say so."""

_WORDS = ("", "keeps", "doubles channels", "halves resolution", "doubles channels, halves resolution")


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
        len(modules) in LENGTHS
        and sum(module in (2, 4) for module in modules) in DOUBLINGS
        and sum(module in (3, 4) for module in modules) in HALVINGS
    )


@cache
def _elements() -> tuple[Value, ...]:
    sequences = (itertools.product(range(1, 5), repeat=length) for length in LENGTHS)
    return tuple(filter(_possible, itertools.chain.from_iterable(sequences)))
