"""NAS-Bench-101: 423,624 cells that are graphs of up to seven vertices with an operation on each.

``encoding`` writes a cell as a matrix and operations, ``shapes`` numbers all cells, ``edits`` are the moves between
them, ``space`` puts these together, and ``network`` builds what a cell means.
"""
