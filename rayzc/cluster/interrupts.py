"""Ctrl-C and SIGTERM: the first asks the program to stop, the second ends it at once."""

import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, ClassVar

__all__ = ["Interrupts"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Receives the signals for the duration of a ``with`` block in the main thread; does nothing in other threads.

    Enter it after ``ray.init``, which installs its own handlers.

    Attributes:
        received: the first signal; None before it.
    """

    _first: ClassVar[tuple[signal.Signals, float] | None] = None

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @classmethod
    def first(cls) -> tuple[signal.Signals, float] | None:
        """The first signal of any block since :meth:`forget`, and when it came, on the monotonic clock."""
        return cls._first

    @classmethod
    def forget(cls) -> None:
        """Forgets the signals that have come."""
        cls._first = None

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            os._exit(128 + number)
        self.received = signal.Signals(number)
        if Interrupts._first is None:
            Interrupts._first = self.received, time.monotonic()
