"""Machines that come and go on a cluster in a process of its own, and what is done when islands are lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rayzc.cluster.islands.archipelago import Archipelago
from rayzc.cluster.islands.workers import IslandWorkers
from rayzc.evolution import Island, Tables
from rayzc.options import Settings
from rayzc.problems import Suite

ROOT = Path(__file__).parents[3]


@pytest.mark.cluster
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


SETTINGS = Settings(islands=3, population=12, offspring=20)


def advance(archipelago: Archipelago, workers: IslandWorkers) -> None:
    for _ in archipelago.hand_out(9):
        pass
    for _ in archipelago.collect(workers.wait(archipelago.pending, 0.25)):
        pass


def test_islands_that_go_back_arrive_at_the_same(small_suite: Suite, ray_session: None) -> None:
    tables = Tables.of(small_suite.for_fitting())

    def evolved(back_at: tuple[int, ...], workers: IslandWorkers) -> tuple[Island, ...]:
        archipelago = Archipelago([(tables, SETTINGS)], workers)
        back = list(back_at)
        while archipelago.epoch < 9:
            advance(archipelago, workers)
            if archipelago.epoch == 3:
                archipelago.islands(3)
            if back and archipelago.epoch >= back[0]:
                back.pop(0)
                archipelago.recover()
                assert archipelago.epoch <= 3
        assert archipelago.recoveries == len(back_at)
        islands = archipelago.islands(9)
        archipelago.close()
        return islands

    with IslandWorkers(2) as workers:
        assert evolved((0, 2, 5, 7), workers) == evolved((), workers)


def test_discoveries_share_workers(small_suite: Suite, ray_session: None) -> None:
    """Side by side, each on other tables, they have the processes in common, and each arrives where it does alone."""
    tables = [Tables.of(small_suite.select((name,)).for_fitting()) for name in small_suite.names]
    assert len(tables) == 3
    with IslandWorkers(2) as workers:
        together = [Archipelago([(each, SETTINGS)], workers) for each in tables]
        while any(archipelago.epoch < 9 for archipelago in together):
            for archipelago in together:
                advance(archipelago, workers)
        found = [archipelago.islands(9) for archipelago in together]
        processes = {archipelago.processes for archipelago in together}
        assert len(processes) == 1
        for archipelago in together:
            archipelago.close()
        for each, islands in zip(tables, found, strict=True):
            alone = Archipelago([(each, SETTINGS)], workers)
            while alone.epoch < 9:
                advance(alone, workers)
            assert alone.islands(9) == islands
            assert alone.processes in processes
            alone.close()
    assert found[0] != found[1]
