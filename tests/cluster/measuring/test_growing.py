"""A pool takes up a machine that joins the cluster, and does without one that leaves."""

import json
import os
import subprocess
import sys


def test_a_machine_joins_and_is_lost() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.cluster.measuring.growing"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["sizes"][:3] == [0, 1, 2]
    assert found["sizes"][-1] == 1
    assert found["once"]
    assert found["measured"] == found["asked"] == found["answered"]
    assert found["failures"] == found["failed"] == 0
    assert found["lost"] == 1
