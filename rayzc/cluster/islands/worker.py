"""The actor that computes steps. It caches tables and compiled code, never the truth."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import ray

from rayzc.evolution import Individual, Island, Judge, Settings, Tables, emigrants, settle, step

__all__ = ["IslandWorker", "Report"]

Product = tuple[Island, tuple[Individual, ...], "Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """What the driver learns of one epoch of one island.

    Attributes:
        island: which island.
        epoch: the epoch that it has reached.
        evaluations: formulas bred and judged on it since the start.
        scored: rankings that this step scored.
        known: formulas of this step whose ranking the worker knew already.
        best: its best formula.
        front: its best formula of each complexity.
        seconds: how long the step took.
        process: the worker's process id.
    """

    island: int
    epoch: int
    evaluations: int
    scored: int
    known: int
    best: Individual
    front: tuple[Individual, ...]
    seconds: float
    process: int


@ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)
class IslandWorker:
    """Computes epochs of any island, one at a time.

    Args:
        tables: what formulas are judged on.
        settings: the choices of the breeding.
    """

    def __init__(self, tables: Tables, settings: Settings) -> None:
        self._settings = settings
        self._judge = Judge(tables, settings.correlation, settings.max_ties)

    def process(self) -> int:
        """The worker's process id; it answers once the worker is ready."""
        return os.getpid()

    def settle(self, index: int) -> Product:
        """Island `index` at epoch 0, its emigrants, and a report."""
        return self._timed(lambda: settle(index, self._judge, self._settings))

    def step(self, island: Island, *immigrants: tuple[Individual, ...]) -> Product:
        """The island one epoch later, its emigrants, and a report."""
        arrivals = [one for group in immigrants for one in group]
        return self._timed(lambda: step(island, arrivals, self._judge, self._settings))

    def _timed(self, advance: Callable[[], Island]) -> Product:
        begin, scored, known = time.perf_counter(), self._judge.scored, self._judge.known
        island = advance()
        report = Report(
            island=island.index,
            epoch=island.epoch,
            evaluations=island.evaluations,
            scored=self._judge.scored - scored,
            known=self._judge.known - known,
            best=island.population[0],
            front=island.front,
            seconds=time.perf_counter() - begin,
            process=os.getpid(),
        )
        return island, emigrants(island, self._settings), report
