"""A build in a process of its own, to be killed in the middle: ``python -m tests.cluster.building.driver OUT``.

It prints a line for every progress: the stage, and how much of it is done.
"""

import sys

from rayzc.cluster.building import Building, build_suite
from tests.cluster.building.samples import SPEC


def tell(progress: Building) -> None:
    print(progress.stage, progress.done, flush=True)


if __name__ == "__main__":
    build_suite(SPEC, sys.argv[1], workers=1, listen=tell)
    print("built", 0, flush=True)
