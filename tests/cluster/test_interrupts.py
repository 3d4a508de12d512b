"""Signals to a process of its own: the first asks, the second ends it, and outside of the block they are as before."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal
from rayzc.cluster.interrupts import Interrupts

signal.signal(signal.SIGINT, lambda number, frame: print("before", flush=True))
with Interrupts() as interrupts:
    assert interrupts.received is None
    {signals}
    print("goes on after", interrupts.received and interrupts.received.name, flush=True)
os.kill(os.getpid(), signal.SIGINT)
"""


def ended(*names: str) -> tuple[int, str]:
    """Exit code and output of a process that sends itself the signals."""
    signals = "; ".join(f"os.kill(os.getpid(), signal.{name})" for name in names)
    program = PROGRAM.format(signals=signals or "pass")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_first_asks_to_stop(name: str) -> None:
    assert ended(name) == (0, f"goes on after {name}\nbefore\n")


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [("SIGINT", "SIGINT", 130), ("SIGINT", "SIGTERM", 143), ("SIGTERM", "SIGINT", 130)],
)
def test_the_second_leaves_at_once(first: str, second: str, code: int) -> None:
    assert ended(first, second) == (code, "")


def test_without_a_signal_the_handlers_come_back() -> None:
    assert ended() == (0, "goes on after None\nbefore\n")
