"""TransNAS-Bench-101: the micro space of cells and the macro space of module sequences."""
