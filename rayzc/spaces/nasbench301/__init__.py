"""NAS-Bench-301: the search space of DARTS."""
