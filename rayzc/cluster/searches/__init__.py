"""Searching on a cluster: one trial of Ray Tune is one whole search, and all ask the same pool of measuring workers.

A search is a value that follows from its plan and what was measured, so a trial that dies goes on from its last
checkpoint, in this run or in the next, along the same trajectory.
"""

from rayzc.cluster.searches.progress import ProblemProgress, SearchProgress
from rayzc.cluster.searches.searching import resume_search, search

__all__ = ["ProblemProgress", "SearchProgress", "resume_search", "search"]
