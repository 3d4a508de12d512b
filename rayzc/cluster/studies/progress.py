"""The progress of a study."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rayzc.cluster.islands.breeding import DiscoveryRun
from rayzc.cluster.islands.progress import Progress
from rayzc.cluster.islands.workers import IslandWorkers
from rayzc.evolution.studies import Member

__all__ = ["StudyClock", "StudyProgress"]


@dataclass(frozen=True)
class StudyProgress:
    """The state of a study at one moment.

    Attributes:
        seconds: since it began, including those before a resume.
        seconds_left: to the time limit; None where there is none.
        under_way: the discoveries that have not ended, and their progress.
        ended: number of discoveries that have ended.
        total: number of all discoveries.
        per_second: formulas judged per second.
        processes: process ids of the workers that are ready.
        busy: share of the workers' time in which they computed.
    """

    seconds: float
    seconds_left: float | None
    under_way: tuple[tuple[Member, Progress], ...]
    ended: int
    total: int
    per_second: float
    processes: tuple[int, ...]
    busy: float


class StudyClock:
    """Measures the time of a study, and how much of it workers compute.

    Args:
        members: by discovery under way, what it is in the study.
        total: number of all discoveries of the study.
        workers: who computes.
        before: seconds that the study took before it was resumed.
    """

    def __init__(
        self, members: Mapping[DiscoveryRun, Member], total: int, workers: IslandWorkers, before: float
    ) -> None:
        self._members, self._total, self._workers = members, total, workers
        self._begin = self._last = time.monotonic()
        self._before = before
        self._available = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the study began, including those before a resume."""
        return self._before + time.monotonic() - self._begin

    @property
    def busy(self) -> float:
        """Share of the time of workers that are ready in which they computed what has come back."""
        computed = sum(run.computed for run in self._members)
        return min(1.0, computed / self._available) if self._available else 0.0

    def progress(self, under_way: Sequence[DiscoveryRun]) -> StudyProgress:
        """The state of the study; called a few times per second, it counts the time of the workers."""
        now = time.monotonic()
        processes = tuple(worker.process for worker in self._workers.ready)
        self._available += (now - self._last) * len(processes)
        self._last = now
        states = tuple((self._members[run], run.progress) for run in under_way)
        limits = [state.seconds_left for _, state in states if state.seconds_left is not None]
        return StudyProgress(
            seconds=self.seconds,
            seconds_left=max(limits, default=None),
            under_way=states,
            ended=self._total - len(under_way),
            total=self._total,
            per_second=sum(state.per_second for _, state in states),
            processes=processes,
            busy=self.busy,
        )
