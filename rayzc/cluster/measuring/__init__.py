"""Measuring networks on demand: a pool of workers on the cluster, shared by all who ask.

A *request* names a network (search space, encoding, task, seed) and proxies; the *answer* has their scores and
follows from the request and the pool's *setup* alone, bit for bit, whoever computes it::

    with rayzc.measuring_pool(workers=8, cache="measurements") as pool:
        for answer in pool.measure(requests):
            print(answer.request.encoding, answer.scores)

What is known is not measured again: the same network asked twice, at once or in another run, is measured once. A
worker that dies is replaced and its network tried again; a network that ends three workers, the last of them with
plain kernels, or takes too long, is reported as failed while the others go on. :func:`fill_suite` has a pool measure
what a suite's tables lack.
"""

from rayzc.cluster.measuring.client import MeasuringPool, measuring_pool
from rayzc.cluster.measuring.filling import Filled, Filling, fill_suite
from rayzc.cluster.measuring.request import Answer, Request, Setup, Statistics

__all__ = [
    "Answer",
    "Filled",
    "Filling",
    "MeasuringPool",
    "Request",
    "Setup",
    "Statistics",
    "fill_suite",
    "measuring_pool",
]
