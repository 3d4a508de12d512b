"""A cluster of its own that grows by a machine and loses it again, while a pool measures on it.

Run as a script, since a process has one Ray. Prints what happened as JSON.
"""

import itertools
import json
import time
from collections.abc import Iterator

import ray
from ray.cluster_utils import Cluster

from rayzc.cluster.measuring import Request, Statistics, measuring_pool
from tests.cluster.measuring.networks import SETUP, ask, distinct

PROXIES = ("nwot", "synflow")
PATIENCE = 90.0
IMPATIENT = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 5000,
    "health_check_failure_threshold": 3,
}
"""A machine that is lost is given up after a second or two, not after a quarter of a minute."""


def main() -> None:
    """Measures until the cluster has grown and shrunk and everything was answered."""
    head = {"num_cpus": 1, "object_store_memory": 80_000_000, "_system_config": IMPATIENT}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    ray.init(address=cluster.address, log_to_driver=False)
    sizes = [0]
    node = None
    stop = False
    asked: list[Request] = []

    def requests() -> Iterator[Request]:
        for seed in itertools.count():
            for encoding in networks:
                if stop:
                    return
                asked.append(ask(encoding, PROXIES, seed))
                yield asked[-1]

    networks = distinct(40)
    answered: list[Request] = []
    failures = 0
    deadline = time.monotonic() + PATIENCE
    with measuring_pool(SETUP, outstanding=16) as pool:
        statistics: Statistics = pool.statistics()
        for request, measurement in pool.measure(requests()):
            answered.append(request)
            failures += len(measurement.failures)
            statistics = pool.statistics()
            if statistics.workers != sizes[-1]:
                sizes.append(statistics.workers)
            if node is None and sizes == [0, 1]:
                node = cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
            if node and sizes[-2:] == [1, 2] and len(set(statistics.nodes)) == 2 and len(sizes) == 3:
                cluster.remove_node(node, allow_graceful=False)
                sizes.append(-1)
            stop = stop or (len(sizes) > 4 and sizes[-1] == 1) or time.monotonic() > deadline
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]
    print(
        json.dumps(
            {
                "sizes": [size for size in sizes if size >= 0],
                "asked": len(asked),
                "answered": len(answered),
                "once": len(set(answered)) == len(answered) and set(answered) == set(asked),
                "failures": failures,
                "measured": statistics.measured,
                "failed": statistics.failed,
                "lost": statistics.lost,
            }
        )
    )


if __name__ == "__main__":
    main()
