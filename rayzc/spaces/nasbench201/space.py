"""NAS-Bench-201: 15,625 cells of four nodes with one of five operations on each of their six edges.

Dong & Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR 2020
(https://arxiv.org/abs/2001.00326). The suite numbers the operations in its own way and lists the edges by their
start.

Of the 15,625 cells 5,425 differ as networks. The 6,466 of the paper are another count: its string form keeps
the zero terms of a sum (one network counted often) and does not see shared weights (two networks counted
once).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rayzc.spaces.encoding import Value
from rayzc.spaces.four_node import EDGES_BY_START, Cells, FourNodeSpace, four_node_cell
from rayzc.spaces.space import Task

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["NASBENCH201", "NasBench201"]

_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
_CELLS = Cells("nasbench201", EDGES_BY_START, _OPERATIONS, none=1, identity=0, weighted_input_skip=False)

NASBENCH201 = four_node_cell(_CELLS)


class NasBench201(FourNodeSpace):
    """The space of NAS-Bench-201; its cell is repeated in three stages."""

    name = "nasbench201"
    cells = _CELLS
    encoding = NASBENCH201
    size = len(_OPERATIONS) ** len(EDGES_BY_START)
    tasks = MappingProxyType(
        {"cifar10": Task(10, 32), "cifar100": Task(100, 32), "ImageNet16-120": Task(120, 16)}
    )
    width = 16
    depth = 5
    width_unit = 1
    side_unit = 4

    def describe(self, architecture: Value) -> str:
        """The string of NAS-Bench-201: ``|skip_connect~0|+|none~0|nor_conv_1x1~1|+|...|``."""
        self.validate(architecture)
        names = {edge: _OPERATIONS[code] for edge, code in zip(EDGES_BY_START, architecture, strict=True)}
        nodes = ("".join(f"{names[start, end]}~{start}|" for start in range(end)) for end in (1, 2, 3))
        return "+".join(f"|{node}" for node in nodes)

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch."""
        from rayzc.spaces.nasbench201.network import NasBench201Network

        return NasBench201Network, (architecture,)
