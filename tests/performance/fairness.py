"""What one slow problem costs the others: thirteen searches on demand, with and without it."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rayzc.cluster import connected
from rayzc.cluster.searches import SearchProgress, search
from rayzc.options import Setup
from rayzc.proxies import ByProducts, proxy, unregister
from rayzc.spaces import SPACES

__all__ = ["run"]

SLOW = "nasbench301/cifar10"
BUDGET = 20
SECONDS, SLOW_SECONDS = 0.2, 4.0


def naps(measured: ByProducts) -> float:
    """Takes its time, most of all on the slow problem; the network's own cost is next to nothing."""
    slow = "nasbench301" in type(measured.network).__module__
    time.sleep(SLOW_SECONDS if slow else SECONDS)
    return float(sum(weight.numel() for weight in measured.weights))


def run() -> Iterator[dict[str, Any]]:
    """Yields the row: when the last of the other twelve problems ended, with the slow one and without."""
    names = [f"{space.name}/{task}" for space in SPACES.values() for task in space.tasks]
    others = [name for name in names if name != SLOW][:12]
    proxy(needs=("network", "weights"), name="naps")(naps)
    try:
        with connected(workers=2):
            searched(others)  # processes that have been started once start faster
            without, along = searched(others), searched([SLOW, *others])
    finally:
        unregister("naps")
    yield {
        "name": "the other twelve problems beside a slow one, against without it; two workers",
        "unit": "seconds",
        "ours": round(along, 1),
        "peer": round(without, 1),
        "ratio": round(along / without, 3),
    }


def searched(names: list[str]) -> float:
    """Seconds from the first measurement to the end of the last search but that of the slow problem."""
    first: list[float] = []
    ended: dict[str, float] = {}

    def hear(progress: SearchProgress) -> None:
        if progress.pool and progress.pool.measured and not first:
            first.append(progress.seconds)
        for one in progress.problems:
            if one.ended:
                ended.setdefault(one.problem, progress.seconds)

    with tempfile.TemporaryDirectory() as folder:
        search(
            "naps",
            None,
            problems=names,
            budget=BUDGET,
            seeds=1,
            setup=Setup(batch=2, width=4, depth=1),
            workers=2,
            out=Path(folder, "run"),
            listen=hear,
        )
    return max(when for name, when in ended.items() if name != SLOW) - first[0]
