"""Everything that touches Ray: connecting, island actors, and the discovery that they add up to.

:func:`discover` breeds formulas on the workers of a cluster. An actor only computes: islands are values that travel
between actors as object references, so a worker that dies loses nothing but time, and :func:`resume` goes on with any
number of workers.
"""

from rayzc.cluster.connection import connected
from rayzc.cluster.discovery import discover, resume
from rayzc.cluster.progress import Progress

__all__ = ["Progress", "connected", "discover", "resume"]
