"""Steps of a discovery, recorded to be played back by a simulation."""

import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from rayzc.cluster.islands.workers import Report
from rayzc.evolution import Island, Judge, Tables, emigrants, initialise, step
from rayzc.options import Settings
from rayzc.problems import Suite

__all__ = ["Recording", "Step", "record"]


@dataclass(frozen=True, eq=False)
class Step:
    """A recorded step: how long it took, seconds, and what it returned, pickled."""

    seconds: float
    island: bytes
    report: bytes


@dataclass(frozen=True)
class Recording:
    """Steps of some islands, ``steps[epoch][island]``; more islands, and later epochs, repeat them."""

    steps: tuple[tuple[Step, ...], ...]

    def at(self, island: int, epoch: int) -> Step:
        """The step by which an island reaches an epoch."""
        of_epoch = self.steps[min(epoch, len(self.steps) - 1)]
        return of_epoch[(island + epoch) % len(of_epoch)]

    def lasting(self, seconds: Sequence[float]) -> "Recording":
        """The same steps with other durations, which repeat."""
        durations = cycle(seconds)
        return Recording(
            tuple(tuple(replace(step, seconds=next(durations)) for step in steps) for steps in self.steps)
        )

    @property
    def seconds(self) -> float:
        """Mean seconds of the steps of the last epochs."""
        last = self.steps[-1]
        return sum(step.seconds for step in last) / len(last)


def record(suite: Suite, settings: Settings, epochs: int) -> Recording:
    """Breeds in this process, without Ray, and records every step.

    Args:
        suite: what formulas are judged on, fit for fitting.
        settings: how formulas are bred; as many islands are recorded as they say.
        epochs: number of epochs to record.
    """
    judge = Judge.of(Tables.of(suite), settings)
    # Compiles what is compiled when it is first called.
    initialise(settings.number_of_islands, judge, settings)
    judge = Judge.of(Tables.of(suite), settings)
    islands: list[Island] = []
    steps: list[tuple[Step, ...]] = []
    for epoch in range(epochs + 1):
        arriving = [emigrants(island, settings) for island in islands]
        after, recorded = [], []
        for index in range(settings.number_of_islands):
            begun, scored, known = time.perf_counter(), judge.scored, judge.known
            if epoch:
                due = (
                    settings.migration_interval
                    and epoch > 1
                    and (epoch - 1) % settings.migration_interval == 0
                )
                island = step(islands[index], arriving[index - 1] if due else (), judge, settings)
            else:
                island = initialise(index, judge, settings)
            seconds = time.perf_counter() - begun
            report = Report.of(island, judge.scored - scored, judge.known - known, seconds)
            recorded.append(Step(seconds, pickle.dumps(island), pickle.dumps(report)))
            after.append(island)
        islands = after
        steps.append(tuple(recorded))
    return Recording(tuple(steps))
