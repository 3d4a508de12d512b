"""Everything that touches Ray: connecting, and one package for each thing that a cluster does.

``islands`` breeds formulas. Whatever actors compute here follows from what they are given, so that a worker that dies
loses nothing but time.
"""

from rayzc.cluster.connection import connected
from rayzc.cluster.islands import Progress, discover, resume

__all__ = ["Progress", "connected", "discover", "resume"]
