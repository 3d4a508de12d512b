"""NAS-Bench-201: a cell of four nodes with one of five operations on each of its six edges.

Dong & Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR 2020. The
suite numbers the operations in its own way and lists the edges by their start (0->1, 0->2, 0->3, 1->2, ...).
"""

from rayzc.encodings.four_node_cell import four_node_cell

__all__ = ["NASBENCH201", "OPERATIONS"]

OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")

NASBENCH201 = four_node_cell("nasbench201", OPERATIONS)
