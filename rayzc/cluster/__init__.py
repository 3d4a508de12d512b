"""Everything that uses Ray: the connection, and one package for each kind of work on a cluster.

``islands`` breeds formulas, ``studies`` runs many discoveries side by side, ``measuring`` measures networks,
``searches`` finds architectures under a formula, ``pipeline`` does all of this in one run, and ``training`` trains
networks. What actors and tasks compute is determined by their arguments, so losing a worker costs nothing but time.
``submission`` submits all of this as jobs.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# Under `uv run`, Ray would have every worker install the working folder's project; it reads this when it is imported.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")

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
