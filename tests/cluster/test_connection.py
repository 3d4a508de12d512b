"""What is said where there is no Ray, in a process of its own: that of the tests may be connected already."""

import subprocess
import sys
from pathlib import Path

from rayzc.problems import Suite, write_suite
from tests.cluster.heads import free_ports


def refused(address: str, suite: Suite, folder: Path) -> str:
    """The error of a discovery on a cluster that is not there."""
    write_suite(suite, folder / "small.parquet")
    command = [sys.executable, "-m", "rayzc", "discover", "--suite", str(folder / "small.parquet")]
    command += ["--out", str(folder / "run"), "--quiet", "--address", address]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    return ran.stderr.splitlines()[-1]


def test_nobody_at_the_address(small_suite: Suite, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    assert refused(f"127.0.0.1:{port}", small_suite, tmp_path) == (
        f"rayzc: no Ray at 127.0.0.1:{port}: start one there with `ray start --head`, name another --address, or "
        "leave it out to run on this machine ([Errno 111] Connection refused)"
    )


def test_an_address_that_is_none(small_suite: Suite, tmp_path: Path) -> None:
    assert refused("nonsense", small_suite, tmp_path) == (
        "rayzc: no Ray at nonsense: start one there with `ray start --head`, name another --address, or leave it "
        "out to run on this machine (Invalid address format: nonsense)"
    )
