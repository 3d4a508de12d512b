"""A cluster whose machines are raylets of this one, and come and go as they are told.

``python -m tests.cluster.faults.machines STORE CPUS`` starts a head that computes with that many CPUs, and prints its
address. Then it reads a command from each line, ``add``, ``drain NUMBER`` and ``kill NUMBER``, and prints a line when
it is done. It ends with its standard input, and the cluster with it.
"""

import sys
from collections.abc import Callable
from typing import Any

from ray.cluster_utils import Cluster

IMPATIENT = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 3,
}
"""A machine that is lost is given up after seconds, not after a quarter of a minute."""


ATTEMPTS = 4
"""Ray waits thirty seconds for a daemon, which on a busy machine may take longer."""


def main(store: int, cpus: int) -> None:
    """Does what the lines say."""
    head = {"num_cpus": cpus, "object_store_memory": store, "_system_config": IMPATIENT}
    cluster = patiently(lambda: Cluster(initialize_head=True, head_node_args=head))
    nodes: list[Any] = []
    print(cluster.address, flush=True)
    try:
        for line in sys.stdin:
            command, *which = line.split()
            if command == "add":
                nodes.append(patiently(lambda: cluster.add_node(num_cpus=1, object_store_memory=store)))
            else:
                cluster.remove_node(nodes[int(which[0])], allow_graceful=command == "drain")
            print("done", flush=True)
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


def patiently(start: Callable[[], Any]) -> Any:
    """Starts something of Ray's, again where that fails."""
    for _ in range(ATTEMPTS - 1):
        try:
            return start()
        except Exception as error:  # Ray raises a bare one
            print(error, file=sys.stderr)
    return start()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
