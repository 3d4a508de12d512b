"""A discovery on a cluster that loses a machine with all that was on it, and gets another one.

Run as a script, since a process has one Ray: ``python -m tests.cluster.islands.losing_a_node FOLDER``. Prints what
happened as JSON.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from rayzc.cluster import Progress, discover
from rayzc.options import Limits, Settings
from tests.cluster.conftest import made_suite

SETTINGS = Settings(
    seed=3, islands=4, population=24, offspring=40, generations=1, migration_interval=2, topology="random"
)
# Objects this small would travel with the messages and never be lost.
EVERYTHING_IN_THE_STORE = {"max_direct_call_object_size": 10}
STORE = 80_000_000
PATIENCE = 120.0


def main(folder: Path) -> None:
    """Ends a machine in the middle, waits for the worker on the new one, and compares with a run in peace."""
    head = {"num_cpus": 0, "object_store_memory": STORE, "_system_config": EVERYTHING_IN_THE_STORE}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    first, _ = (cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2))
    ray.init(address=cluster.address, log_to_driver=False)
    deadline = time.monotonic() + PATIENCE
    workers: list[int] = [0]
    epochs: dict[str, int] = {}

    def watch(progress: Progress) -> None:
        if len(progress.processes) != workers[-1]:
            workers.append(len(progress.processes))
        if "lost" not in epochs and progress.epoch >= 4 and len(progress.processes) == 2:
            epochs["lost"] = progress.epoch
            cluster.remove_node(first, allow_graceful=False)
        if "lost" in epochs and "found" not in epochs and progress.epoch >= epochs["lost"] + 10:
            epochs["found"] = progress.epoch
            cluster.add_node(num_cpus=1, object_store_memory=STORE)
        grown = "found" in epochs and len(progress.processes) == 2 and progress.epoch >= epochs["found"] + 10
        if (grown and "stopped" not in epochs) or time.monotonic() > deadline:
            epochs["stopped"] = progress.epoch
            os.kill(os.getpid(), signal.SIGINT)

    suite = made_suite()
    result = discover(
        suite, settings=SETTINGS, limits=Limits(epochs=100_000), out=folder / "run", listen=watch
    )
    discover(
        suite, settings=SETTINGS, limits=Limits(epochs=result.epochs), out=folder / "in-peace", workers=1
    )
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]
    halls = [(folder / name / "hall_of_fame.json").read_bytes() for name in ("run", "in-peace")]
    happened = [
        json.loads(line)["event"] for line in (folder / "run" / "events.jsonl").read_text().splitlines()
    ]
    print(
        json.dumps(
            {
                "workers": workers,
                "lost": result.workers_lost,
                "stopped": result.stopped,
                "epochs": list(epochs),
                "equal": halls[0] == halls[1],
                "events": sorted(set(happened)),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
