"""Searching on a cluster: one trial of Ray Tune is one whole search, and all share a pool of measuring workers.

A search is a value that follows from its plan and what was measured, so a trial that dies continues from its last
checkpoint, in this run or in the next, along the same trajectory.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "ProblemProgress": "rayzc.cluster.searches.progress",
    "SearchProgress": "rayzc.cluster.searches.progress",
    "resume_search": "rayzc.cluster.searches.searching",
    "search": "rayzc.cluster.searches.searching",
}

__all__ = ["ProblemProgress", "SearchProgress", "resume_search", "search"]

if TYPE_CHECKING:
    from rayzc.cluster.searches.progress import ProblemProgress, SearchProgress
    from rayzc.cluster.searches.searching import resume_search, search


def __getattr__(name: str) -> Any:
    # The process of a trial does not need what its driver imports.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rayzc.cluster.searches' has no attribute '{name}'")
