"""What a formula is judged on: problems, and suites of them.

A *problem* is a search space on a task: architectures, the scores of zero-cost proxies on them, and the
accuracy that they reached when trained. A *suite* is a set of problems; a formula is good if it ranks the
architectures well on all of them. Suites are read from the JSON files of NAS-Bench-Suite-Zero or from
Parquet, with :func:`load_suite`. Rows that are one network form a group, and a split for validation never
divides one.
"""

from rayzc.problems.groups import network_groups
from rayzc.problems.loading import load_suite
from rayzc.problems.problem import Problem
from rayzc.problems.suite import Suite

__all__ = ["Problem", "Suite", "load_suite", "network_groups"]
