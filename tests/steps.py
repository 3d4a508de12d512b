"""How much work something is, the same on every machine: no test asserts a time on the clock."""

import sys
from collections.abc import Callable

__all__ = ["function_calls"]


def function_calls(run: Callable[[], object]) -> int:
    """How many functions are called on the way, Python's and C's."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls
