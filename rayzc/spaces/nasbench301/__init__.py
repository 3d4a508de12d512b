"""NAS-Bench-301, the search space of DARTS: 10^18 pairs of a normal and a reduction cell."""
