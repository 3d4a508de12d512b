"""NAS-Bench-201: 15,625 cells of four nodes with one of five operations on each of their six edges."""
