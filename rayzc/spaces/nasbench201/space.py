"""NAS-Bench-201: 15,625 cells of four nodes (Dong and Yang 2020, https://arxiv.org/abs/2001.00326)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rayzc.spaces.encoding import Value
from rayzc.spaces.four_node.space import FourNodeSpace
from rayzc.spaces.nasbench201.encoding import EDGES, NASBENCH201, OPERATIONS
from rayzc.spaces.space import Task

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["NasBench201"]


class NasBench201(FourNodeSpace):
    """The space of NAS-Bench-201; its cell is repeated in three stages."""

    name = "nasbench201"
    encoding = NASBENCH201
    size = len(OPERATIONS) ** len(EDGES)
    tasks = MappingProxyType(
        {"cifar10": Task(10, 32), "cifar100": Task(100, 32), "ImageNet16-120": Task(120, 16)}
    )
    width = 16
    depth = 5
    width_unit = 1
    side_unit = 4

    edges = EDGES
    operations = OPERATIONS

    def describe(self, architecture: Value) -> str:
        """The string of NAS-Bench-201: ``|skip_connect~0|+|none~0|nor_conv_1x1~1|+|...|``."""
        self.validate(architecture)
        names = {edge: OPERATIONS[code] for edge, code in zip(EDGES, architecture, strict=True)}
        nodes = ("".join(f"{names[start, end]}~{start}|" for start in range(end)) for end in (1, 2, 3))
        return "+".join(f"|{node}" for node in nodes)

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch."""
        from rayzc.spaces.nasbench201.network import NasBench201Network

        return NasBench201Network, (architecture,)
