"""Breeding on a cluster: actors advance islands step by step, from the first epoch to the result of the run.

An actor only computes: islands are values that travel between actors as object references, so a worker that dies
loses nothing but time, and a run continues with any number of workers.
"""

from rayzc.cluster.islands.discovery import discover, resume
from rayzc.cluster.islands.progress import Progress

__all__ = ["Progress", "discover", "resume"]
