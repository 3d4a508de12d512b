"""Three minutes of random kills: nothing is lost."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from rayzc.cluster import Progress, discover
from rayzc.options import Limits
from rayzc.problems import Suite
from tests.cluster.faults.conftest import Survived
from tests.cluster.faults.drivers import SETTINGS

pytestmark = pytest.mark.cluster

SECONDS = 180.0


def test_island_workers_killed_and_stopped_at_random(
    small_suite: Suite, ray_session: None, tmp_path: Path, survived: Survived
) -> None:
    chance = random.Random(0)
    victims: list[int] = []
    pauses: list[float] = []
    ready = time.monotonic()
    next_at = [time.monotonic()]

    def harm(progress: Progress) -> None:
        now = time.monotonic()
        if now < next_at[0] or not progress.processes:
            return
        victim = chance.choice(progress.processes)
        if victim not in victims:
            victims.append(victim)
            pauses.append(now - ready)
            os.kill(victim, chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP]))
        next_at[0] = now + chance.uniform(2, 10)

    run, peace = tmp_path / "run", tmp_path / "peace"
    result = discover(
        small_suite, settings=SETTINGS, limits=Limits(time_limit=SECONDS), workers=3, out=run, listen=harm
    )
    assert len(victims) >= 5
    discover(small_suite, settings=SETTINGS, limits=Limits(epochs=result.epochs), workers=4, out=peace)
    same = (run / "hall_of_fame.json").read_bytes() == (peace / "hall_of_fame.json").read_bytes()
    survived(f"{len(victims)} kills in {SECONDS:.0f} s", SECONDS / len(victims), same)
