"""TransNAS-Bench-101, micro: 4,096 cells of four nodes (Duan et al. 2021, https://arxiv.org/abs/2105.11871)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayzc.spaces.encoding import Value
from rayzc.spaces.four_node.space import FourNodeSpace
from rayzc.spaces.transbench101.macro import TASKS
from rayzc.spaces.transbench101.micro_encoding import EDGES, OPERATIONS, TRANSBENCH101_MICRO

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["TransBench101Micro"]


class TransBench101Micro(FourNodeSpace):
    """The space of cells that fill a fixed sequence of modules."""

    name = "transbench101_micro"
    encoding = TRANSBENCH101_MICRO
    size = len(OPERATIONS) ** len(EDGES)
    tasks = TASKS
    width = 64
    depth = 2
    width_unit = 2
    side_unit = 1

    edges = EDGES
    operations = OPERATIONS

    def describe(self, architecture: Value) -> str:
        """The string of TransNAS-Bench-101: ``64-41414-1_02_333``."""
        self.validate(architecture)
        first, second, third = architecture[:1], architecture[1:3], architecture[3:]
        return "64-41414-" + "_".join("".join(map(str, codes)) for codes in (first, second, third))

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch."""
        from rayzc.spaces.transbench101.network import TransBench101MicroNetwork

        return TransBench101MicroNetwork, (architecture,)
