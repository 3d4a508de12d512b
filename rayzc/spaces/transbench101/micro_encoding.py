"""TransNAS-Bench-101, micro: a cell of four nodes with one of four operations on each of its six edges.

Duan et al., "TransNAS-Bench-101: Improving Transferability and Generalizability of Cross-Task Neural
Architecture Search", CVPR 2021.

Edges are listed by their end and operations numbered as in TransNAS-Bench-101 itself, unlike nasbench201. The
recorded scores show it: ``params`` is exactly linear in these codes with a weighted skip connection at the
entries 0, 1 and 3 only (the edges from node 0, which change the resolution in some cells), and the 169 cells
that are disconnected in this reading are exactly those with the sentinel -1e8 for zen and 0 for synflow.
"""

from rayzc.spaces.four_node.encoding import Cells, four_node_cell

__all__ = ["EDGES", "OPERATIONS", "TRANSBENCH101_MICRO"]

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
OPERATIONS = ("none", "skip_connect", "conv_1x1", "conv_3x3")

TRANSBENCH101_MICRO = four_node_cell(
    Cells("transbench101_micro", EDGES, OPERATIONS, none=0, identity=1, weighted_input_skip=True)
)
