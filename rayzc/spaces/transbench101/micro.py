"""TransNAS-Bench-101, micro: 4,096 cells of four nodes with one of four operations on each of their six edges.

Duan et al., "TransNAS-Bench-101: Improving Transferability and Generalizability of Cross-Task Neural
Architecture Search", CVPR 2021 (https://arxiv.org/abs/2105.11871).

Edges are listed by their end and operations numbered as in TransNAS-Bench-101 itself, unlike nasbench201. The
recorded scores show it: ``params`` is exactly linear in these codes with a weighted skip connection at the
entries 0, 1 and 3 only (the edges from node 0, which change the resolution in some cells), and the 169 cells
that are disconnected in this reading are exactly those with the sentinel -1e8 for zen and 0 for synflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayzc.spaces.encoding import Value
from rayzc.spaces.four_node import EDGES_BY_END, Cells, FourNodeSpace, four_node_cell
from rayzc.spaces.transbench101.tasks import TASKS

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["TRANSBENCH101_MICRO", "TransBench101Micro"]

_OPERATIONS = ("none", "skip_connect", "conv_1x1", "conv_3x3")
_CELLS = Cells("transbench101_micro", EDGES_BY_END, _OPERATIONS, none=0, identity=1, weighted_input_skip=True)

TRANSBENCH101_MICRO = four_node_cell(_CELLS)


class TransBench101Micro(FourNodeSpace):
    """The space of cells that fill a fixed sequence of modules."""

    name = "transbench101_micro"
    cells = _CELLS
    encoding = TRANSBENCH101_MICRO
    size = len(_OPERATIONS) ** len(EDGES_BY_END)
    tasks = TASKS
    width = 64
    depth = 2
    width_unit = 2
    side_unit = 1

    def describe(self, architecture: Value) -> str:
        """The string of TransNAS-Bench-101: ``64-41414-1_02_333``."""
        self.validate(architecture)
        first, second, third = architecture[:1], architecture[1:3], architecture[3:]
        return "64-41414-" + "_".join("".join(map(str, codes)) for codes in (first, second, third))

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch."""
        from rayzc.spaces.transbench101.network import TransBench101MicroNetwork

        return TransBench101MicroNetwork, (architecture,)
