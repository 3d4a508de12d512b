"""TransNAS-Bench-101: a micro space of 4,096 cells and a macro space of 3,256 sequences of modules.

Both share their tasks and their networks: in micro the cell varies and the modules are fixed, in macro the modules
vary and their cells are residual blocks.
"""
