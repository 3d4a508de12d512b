"""The actor that measures networks, one at a time. It keeps nothing: what it is asked comes with the call."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ray

from rayzc.cluster.measuring.ledger import Target
from rayzc.cluster.measuring.request import Setup
from rayzc.measurement import Request

__all__ = ["MeasuringWorker", "Outcome"]

PLAIN_KERNELS = "measured without oneDNN and in channels-first, after the workers that used them had died"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker has measured.

    Attributes:
        scores: by proxy.
        failures: reasons by proxy.
        seconds: how long it took, building included.
        notes: see :class:`rayzc.proxies.Measurement`.
    """

    scores: Mapping[str, float]
    failures: Mapping[str, str]
    seconds: float
    notes: tuple[str, ...]


@ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)
class MeasuringWorker:
    """Measures networks.

    Args:
        setup: what holds for all measurements.
        device: where to measure.
        proxies: proxies that are not rayzc's own, by name.
    """

    def __init__(self, setup: Setup, device: str, proxies: Mapping[str, Any]) -> None:
        from rayzc.proxies import register
        from rayzc.proxies.architectures import one_thread

        one_thread(device, setup.gpus)
        for proxy in proxies.values():
            register(proxy)
        self._setup = setup
        self._device = device

    def greet(self) -> tuple[int, str]:
        """The process id and the node's id; it answers once the worker is ready."""
        return os.getpid(), ray.get_runtime_context().get_node_id()

    def measure(self, target: Target, proxies: list[str], batch: Any, plain_kernels: bool = False) -> Outcome:
        """Measures proxies on a target.

        Args:
            target: what to measure.
            proxies: names of the proxies.
            batch: images ``(images, ...)`` and labels ``(images,)`` as arrays; None for random ones.
            plain_kernels: see :func:`rayzc.proxies.measure_detailed`.
        """
        from rayzc.proxies.architectures import measure_architecture

        begin = time.perf_counter()
        # What comes from the object store is read-only, and torch would rather own what it works on.
        shown = self._setup.batch if batch is None else (batch[0].copy(), batch[1].copy())
        measured = measure_architecture(
            Request(target.space, target.architecture, target.task, tuple(proxies), target.seed),
            batch=shown,
            width=self._setup.width,
            depth=self._setup.depth,
            device=self._device,
            plain_kernels=plain_kernels,
        )
        seconds = time.perf_counter() - begin
        notes = (*measured.notes, PLAIN_KERNELS) if plain_kernels else measured.notes
        return Outcome(dict(measured.scores), dict(measured.failures), seconds, notes)
