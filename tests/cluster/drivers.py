"""Commands of rayzc in processes of their own, for tests that end them."""

import os
import subprocess
import sys


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """A command that starts a Ray of its own, whatever the tests use."""
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    return subprocess.Popen(
        [sys.executable, "-m", "rayzc", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
