"""A discovery that says what happens to it, line by line, on a cluster that others do something to.

``python -m tests.cluster.faults.watched DOCUMENT`` begins the run of ``DOCUMENT["out"]``, or goes on with it where it
exists, and prints a JSON object for every progress, and a last one with the key ``ended``.
"""

import json
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray._private.internal_api import memory_summary

from rayzc.cluster import Progress, connected, discover, resume
from rayzc.options import Limits
from tests.cluster.faults.drivers import EPOCHS, SETTINGS

_BALLAST = 8_000_000  # bytes of an object
_summary: Any = memory_summary


def tell(progress: Progress) -> None:
    """A line of progress."""
    line = {"epoch": progress.epoch, "processes": progress.processes, "lost": progress.workers_lost}
    print(json.dumps(line), flush=True)


def weigh_down(count: int, over: threading.Event) -> None:
    """Keeps this many objects in the store, always the newest, so that the oldest have to be spilled."""
    held: deque[Any] = deque(maxlen=count)
    fill = 0
    while not over.wait(0.3):
        fill += 1
        held.append(ray.put(np.full(_BALLAST, fill % 256, dtype=np.uint8)))


def main(given: dict[str, Any]) -> None:
    """Runs to the end; in the meantime the object store may be filled with ballast."""
    address, workers, out = given.get("address"), given.get("workers"), Path(given["out"])
    limits = Limits(epochs=given.get("epochs", EPOCHS), time_limit=given.get("time_limit"))
    over = threading.Event()
    with connected(address, workers):
        loader = threading.Thread(target=weigh_down, args=(given.get("ballast", 0), over), daemon=True)
        if given.get("ballast"):
            loader.start()
        if (out / "config.json").exists():
            result = resume(out, workers=workers, listen=tell)
        else:
            result = discover(
                given["suite"], settings=SETTINGS, limits=limits, workers=workers, out=out, listen=tell
            )
        spilled = "Spilled" in _summary(stats_only=True) if given.get("ballast") else False
        over.set()
        if given.get("ballast"):
            loader.join()
    ended = {"ended": result.stopped, "epoch": result.epochs, "lost": result.workers_lost}
    print(json.dumps(ended | {"spilled": spilled}), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
