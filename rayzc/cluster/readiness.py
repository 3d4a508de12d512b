"""What is said where nobody comes to do the work: all CPUs are taken, or processes do not start."""

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import ray

__all__ = ["SECONDS_TO_START", "waiting_for", "warned_unless_ready"]

SECONDS_TO_START = 60.0
"""How long workers may take to start before a warning says that none is ready."""

_ray: Any = ray  # Ray does not type it


def waiting_for() -> str:
    """Why no worker is ready, as far as it is known here, and where to look."""
    busy = _ray.is_initialized() and not _ray.available_resources().get("CPU", 0)
    why = "all CPUs of the cluster are taken" if busy else "their processes do not start"
    session = _ray._private.worker._global_node.get_session_dir_path()
    return f"no worker is ready yet: {why}; Ray says more in {session}/logs"


@contextmanager
def warned_unless_ready(workers: Callable[[], int]) -> Iterator[None]:
    """Warns, if after a minute of the block no worker is ready.

    Args:
        workers: returns how many are; called in another thread.
    """
    ended = threading.Event()

    def look() -> None:
        patience = SECONDS_TO_START
        while not ended.wait(patience):
            patience = 1.0
            with suppress(Exception):  # Ray may be about to start, or to end
                if not workers() and not ended.is_set():
                    warnings.warn(waiting_for(), RuntimeWarning, stacklevel=2)
                return

    thread = threading.Thread(target=look, name="readiness", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(1.0)
