"""NAS-Bench-201: cells of four nodes with an operation on each edge."""
