"""All that islands need of Ray, in one place, so that a simulation can stand in for it."""

import time
from collections.abc import Sequence
from typing import Any

import ray

from rayzc.cluster.readiness import waiting_for

__all__ = ["Backend"]

# Ray types none of these.
_ray: Any = ray


class Backend:
    """Ray, and the clock of this machine.

    Args:
        actor: the class of the workers, with Ray's decorator.
    """

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        return time.monotonic()

    def cpus(self) -> int:
        """Number of CPUs of the cluster, at least one."""
        return max(1, int(_ray.cluster_resources().get("CPU", 1)))

    def start(self) -> Any:
        """Starts a worker, and returns its handle."""
        return self._actor.remote()

    def end(self, actor: Any) -> None:
        """Ends a worker at once."""
        _ray.kill(actor)

    def put(self, value: Any) -> Any:
        """Puts a value into the object store, and returns the reference to it."""
        return _ray.put(value)

    def get(self, reference: Any, seconds: float | None = None) -> Any:
        """The value of a reference.

        Args:
            reference: the reference.
            seconds: the longest time to wait; by default for as long as it takes.

        Raises:
            ray.exceptions.RayError: the value is lost, making it failed, or the time is over.
        """
        return _ray.get(reference, timeout=seconds)

    def wait(self, references: Sequence[Any], seconds: float) -> set[Any]:
        """Waits until one of the references is there or lost, and returns all that are.

        Args:
            references: distinct references.
            seconds: the longest time to wait.
        """
        references = list(references)
        ready, _ = _ray.wait(references, num_returns=1, timeout=seconds)
        if ready:
            ready, _ = _ray.wait(references, num_returns=len(references), timeout=0)
        return set(ready)

    def cancel(self, reference: Any) -> None:
        """Takes back a task that has not begun."""
        _ray.cancel(reference)

    def waiting_for(self) -> str:
        """Why no worker is ready, and where to look."""
        return waiting_for()
