"""NAS-Bench-101: cells that are graphs of up to seven vertices."""
