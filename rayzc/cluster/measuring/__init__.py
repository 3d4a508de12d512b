"""Measuring networks on demand: a pool of workers on the cluster, shared by all clients.

A *request* names a network (search space, encoding, task, seed) and proxies; its *measurement* has their scores and
follows from the request and the pool's *setup* alone, bit for bit, on any worker::

    with rayzc.measuring_pool(workers=8, cache="measurements") as pool:
        for request, measurement in pool.measure(requests):
            print(request.encoding, measurement.scores)

What is known is not measured again: a network that is asked for twice, at once or in another run, is measured once. A
worker that dies is replaced and its network tried again; a network that ends three workers, the last of them with
plain kernels, or takes too long, is reported as failed while the others go on. :func:`fill_suite` has a pool measure
what a suite's tables lack.
"""

from rayzc.cluster.measuring.client import MeasuringPool
from rayzc.cluster.measuring.filling import Filled, Filling, fill_suite
from rayzc.cluster.measuring.opening import measuring_pool
from rayzc.cluster.measuring.pool import Statistics
from rayzc.measurement import Measurement, Request

__all__ = [
    "Filled",
    "Filling",
    "Measurement",
    "MeasuringPool",
    "Request",
    "Statistics",
    "fill_suite",
    "measuring_pool",
]
