"""Everything that touches Ray: connecting, and one package for each thing that a cluster does.

``islands`` breeds formulas, ``measuring`` measures networks, ``searches`` finds them under a formula, ``pipeline`` does
all of it in one run, and ``training`` trains networks. Whatever actors and tasks compute here follows from what they
are given, so that a worker that dies loses nothing but time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Progress": "rayzc.cluster.islands",
    "connected": "rayzc.cluster.connection",
    "discover": "rayzc.cluster.islands",
    "resume": "rayzc.cluster.islands",
}

__all__ = ["Progress", "connected", "discover", "resume"]

if TYPE_CHECKING:
    from rayzc.cluster.connection import connected
    from rayzc.cluster.islands import Progress, discover, resume


def __getattr__(name: str) -> Any:
    # An actor of one package has no use for what the others import.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rayzc.cluster' has no attribute '{name}'")
