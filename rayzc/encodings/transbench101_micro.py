"""TransNAS-Bench-101, micro: a cell of four nodes with one of four operations on each of its six edges.

Duan et al., "TransNAS-Bench-101: Improving Transferability and Generalizability of Cross-Task Neural
Architecture Search", CVPR 2021.
"""

from rayzc.encodings.four_node_cell import four_node_cell

__all__ = ["OPERATIONS", "TRANSBENCH101_MICRO"]

OPERATIONS = ("skip_connect", "none", "conv_3x3", "conv_1x1")

TRANSBENCH101_MICRO = four_node_cell("transbench101_micro", OPERATIONS)
