"""What a search needs beside its plan: tables, and the pool for what no table has."""

import time
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from rayzc.cluster.measuring import MeasuringPool, Request
from rayzc.nas import Plan, Scored, SearchProblem, Wanted, on_demand, tabulated
from rayzc.problems import Problem

__all__ = ["Trial", "Work"]

Trial = tuple[str, int]
"""Name of the problem, and seed."""


@dataclass(frozen=True, eq=False)
class Work:
    """What all searches of a run share.

    Attributes:
        plan: what each does; the seed is the trial's own.
        tables: by name of the problem.
        within_tables: whether only rows of the tables are candidates.
        measurable: proxies that can be measured.
        pool: measures; None where nothing has to be measured.
        deadline: when all have to end, in seconds since 1970; None for never.
        started: searches of an earlier stretch of the run, as JSON, to go on from.
    """

    plan: Plan
    tables: Mapping[str, Problem]
    within_tables: bool
    measurable: frozenset[str]
    pool: MeasuringPool | None = None
    deadline: float | None = None
    started: Mapping[Trial, str] | None = None

    def plan_of(self, seed: int) -> Plan:
        """The plan of one search."""
        return replace(self.plan, seed=seed)

    def needs_measuring(self, name: str) -> bool:
        """Whether a search of this problem measures."""
        table = self.tables.get(name)
        return table is None or not self.within_tables or not set(self.plan.proxies) <= table.has

    def problem(self, name: str) -> SearchProblem:
        """The problem, ready to be searched.

        Raises:
            SearchError: neither table nor measurement gives what the plan needs.
        """
        table = self.tables.get(name)
        if table is not None and not self.needs_measuring(name):
            return tabulated(table, self.plan)
        pool = copy(self.pool)  # a client of its own, with a part of its own of the workers' time

        def measure(wanted: Sequence[Wanted]) -> Iterable[Scored]:
            assert pool is not None, "there is a pool wherever something has to be measured"
            space, _, task = name.partition("/")
            # All searches measure with one seed, so that what one has measured is known to the others.
            requests = [Request(space, one.architecture, task, one.proxies) for one in wanted]
            return [
                Scored(one.scores, one.failures, not one.cached, one.cached, one.seconds)
                for one in pool.measure_all(requests)
            ]

        return on_demand(name, measure, self.measurable, table, within_table=self.within_tables)

    @property
    def out_of_time(self) -> bool:
        """Whether the deadline is over."""
        return self.deadline is not None and time.time() >= self.deadline
