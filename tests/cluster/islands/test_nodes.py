"""Machines that come and go on a cluster in a process of its own, and what is done when islands are lost."""

import json
import subprocess
import sys
from pathlib import Path

from rayzc.cluster.islands.archipelago import Archipelago
from rayzc.evolution import Island, Tables
from rayzc.options import Settings
from rayzc.problems import Suite

ROOT = Path(__file__).parents[3]


def test_a_machine_lost_with_its_islands_and_another_that_comes(tmp_path: Path) -> None:
    script = [sys.executable, "-m", "tests.cluster.islands.losing_a_node", str(tmp_path)]
    ran = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    happened = json.loads(ran.stdout.splitlines()[-1])
    assert happened["workers"][-3:] == [2, 1, 2]
    assert happened["epochs"] == ["lost", "found", "stopped"]
    assert happened["lost"] >= 1
    assert "worker lost and replaced" in happened["events"]
    assert happened["stopped"] == "interrupted by SIGINT"
    assert happened["equal"]


def test_islands_that_go_back_arrive_at_the_same(small_suite: Suite, ray_session: None) -> None:
    tables, settings = Tables.of(small_suite.for_fitting()), Settings(islands=3, population=12, offspring=20)

    def evolved(back_at: tuple[int, ...]) -> tuple[Island, ...]:
        archipelago = Archipelago(tables, settings, workers=2)
        back = list(back_at)
        try:
            while archipelago.epoch < 9:
                for _ in archipelago.advance(9, 0.25):
                    pass
                if archipelago.epoch == 3:
                    archipelago.islands(3)
                if back and archipelago.epoch >= back[0]:
                    back.pop(0)
                    archipelago.recover()
                    assert archipelago.epoch <= 3
            assert archipelago.recoveries == len(back_at)
            return archipelago.islands(9)
        finally:
            archipelago.close()

    assert evolved((0, 2, 5, 7)) == evolved(())
