"""NAS-Bench-201: a cell of four nodes with one of five operations on each of its six edges.

Dong & Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR 2020. The
suite numbers the operations in its own way and lists the edges by their start.

Of the 15,625 cells 5,425 differ as networks. The 6,466 of the paper are another count: its string form keeps
the zero terms of a sum (one network counted often) and does not see shared weights (two networks counted
once).
"""

from rayzc.spaces.four_node.encoding import Cells, four_node_cell

__all__ = ["EDGES", "NASBENCH201", "OPERATIONS"]

EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")

NASBENCH201 = four_node_cell(
    Cells("nasbench201", EDGES, OPERATIONS, none=1, identity=0, weighted_input_skip=False)
)
