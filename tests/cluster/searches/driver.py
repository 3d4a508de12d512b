"""A run of searches in a process of its own, to be ended in the middle.

``python -m tests.cluster.searches.driver OUT`` prints a line for every progress: how many architectures were evaluated.
"""

import sys

from rayzc.cluster.searches import SearchProgress, search
from tests.cluster.searches.samples import ON_DEMAND, unhurried_proxy


def tell(progress: SearchProgress) -> None:
    """A line of progress."""
    print(sum(one.evaluated for one in progress.problems), flush=True)


if __name__ == "__main__":
    with unhurried_proxy():
        search(**ON_DEMAND, workers=2, out=sys.argv[1], listen=tell)
    print("done", flush=True)
