"""Breeding on a cluster: islands that actors take a step further, from the first epoch to a run's result.

An actor only computes: islands are values that travel between actors as object references, so a worker that dies
loses nothing but time, and a run goes on with any number of workers.
"""

from rayzc.cluster.islands.discovery import discover, resume
from rayzc.cluster.islands.progress import Progress

__all__ = ["Progress", "discover", "resume"]
