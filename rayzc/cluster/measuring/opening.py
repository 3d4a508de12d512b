"""Opening a measuring pool, for the duration of a block."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

import ray

from rayzc.cluster.connection import connected
from rayzc.cluster.measuring.cache import require_folder
from rayzc.cluster.measuring.client import MeasuringPool
from rayzc.cluster.measuring.pool import PoolActor
from rayzc.cluster.measuring.user_proxies import shipped, user_proxies, versions_of_proxies
from rayzc.cluster.measuring.user_spaces import SentSpaces, space_hash
from rayzc.cluster.readiness import warned_unless_ready
from rayzc.errors import ClusterError, RunError
from rayzc.options import Setup
from rayzc.problems import Benchmark, Shapes
from rayzc.spaces import user_spaces

__all__ = ["measuring_pool"]

# Ray types neither of these.
_ACTOR: Any = PoolActor
_ray: Any = ray


@contextmanager
def measuring_pool(
    setup: Setup | None = None,
    workers: int | None = None,
    cache: str | Path | None = None,
    *,
    address: str | None = None,
    outstanding: int = 256,
    benchmark: Benchmark | None = None,
) -> Iterator[MeasuringPool]:
    """Opens a pool of workers that measure networks, for the duration of the block.

    Proxies that were registered in this process with ``@rayzc.proxy`` are sent to the workers. The pool's actor is on
    the machine of the caller, so that cache and images are files of that machine.

    Args:
        setup: what holds for all measurements.
        workers: the number of workers; by default as many as the cluster has room for, now and later.
        cache: folder in which scores are kept from one pool to the next; by default they end with this pool.
        address: of the Ray cluster, see :func:`rayzc.cluster.connected`.
        outstanding: how many requests a client may have in progress.
        benchmark: of a suite: tasks are then its own, with their images, and networks have its width and depth, but for
            what `setup` says; by default tasks and scale are those of the search spaces, and images are random.

    Raises:
        ClusterError: there is no Ray cluster, or it has no room for workers.
        RunError: the cache is not a folder, or could not be written in the end.
    """
    if outstanding < 1:
        raise ClusterError(
            f"outstanding is {outstanding}: a client must be allowed at least 1 request in progress"
        )
    if workers is not None and workers < 1:
        raise ClusterError(f"workers is {workers}: a measuring pool needs at least 1")
    setup = _absolute(setup or Setup())
    folder = Path(cache).resolve() if cache is not None else None
    if folder is not None:
        require_folder(folder)
    with connected(address, workers):
        device = _device(setup)
        versions = versions_of_proxies()
        spaces = SentSpaces()
        hashes = {name: space_hash(space) for name, space in user_spaces().items()}
        shapes = Shapes() if benchmark is None else benchmark.shapes
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        with shipped(user_proxies()) as reference:
            actor = _ACTOR.options(scheduling_strategy=here).remote(
                setup, device, workers, folder, versions, outstanding, shapes, spaces, hashes
            )
            # Held here as long as the pool lives, since a pool that is restarted needs both again.
            given = (reference, _ray.put(benchmark))
            pool = MeasuringPool(actor, setup, device, versions, outstanding, shapes, given, spaces)
            try:
                for text in pool.open():
                    warnings.warn(text, stacklevel=3)
                # As another client, whose calls do not disturb those of the caller.
                with warned_unless_ready(lambda: copy(pool).statistics().workers):
                    yield pool
            finally:
                broken = sys.exc_info()[0] is not None
                try:
                    pool.close()
                except RunError:
                    if not broken:
                        raise


def _absolute(setup: Setup) -> Setup:
    """The setup with absolute paths, which any process of this machine finds."""
    images = setup.images
    if images is not None and (images.endswith(".npz") or Path(images).exists()):
        images = str(Path(images).resolve())
    return setup.replaced(images=images, data=str(Path(setup.data).resolve()))


def _device(setup: Setup) -> str:
    """The device that the workers measure on.

    Raises:
        ClusterError: the setup says cuda, and the cluster has no GPU.
    """
    has_gpus = _ray.cluster_resources().get("GPU", 0) > 0
    if setup.device == "cuda" and not has_gpus:
        raise ClusterError(
            "the device is cuda, but the cluster has no GPU: leave the device out, or set it to cpu"
        )
    return setup.device or ("cuda" if has_gpus else "cpu")
