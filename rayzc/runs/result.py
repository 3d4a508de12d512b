"""What came out of a discovery, in types, as JSON and as a table."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rayzc.evolution.assessment import SuiteScore
from rayzc.formula import Formula
from rayzc.runs.hall_of_fame import HallOfFame
from rayzc.runs.interruption import signal_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Discovery"]


@dataclass(frozen=True)
class Discovery:
    """The result of a discovery.

    Attributes:
        run: the run's folder.
        stopped: why it ended: ``epochs``, ``evaluations``, ``plateau``, ``time limit`` or ``interrupted by SIGINT``.
        best: how the best formula ranks the problems that it was bred on.
        held_out: how it ranks the rows that were held out; None if there are none.
        hall_of_fame: the best formulas overall and of each complexity.
        problems: names of the problems, in the order of all correlations.
        epochs: epochs of every island.
        evaluations: formulas bred and judged, up to that epoch.
        scored: rankings whose correlations were computed, by all workers in this process's time.
        known: formulas whose ranking a worker knew already: scores that were saved.
        workers_lost: workers that died and were replaced.
        seconds: how long the run took, those before a resume included.
        most_evaluations: the limit of evaluations, if the run has one; whole epochs of all islands may exceed it.
    """

    run: Path
    stopped: str
    best: SuiteScore
    held_out: SuiteScore | None
    hall_of_fame: HallOfFame
    problems: tuple[str, ...]
    epochs: int
    evaluations: int
    scored: int
    known: int
    workers_lost: int
    seconds: float
    most_evaluations: int | None = None

    @property
    def formula(self) -> Formula:
        """The best formula."""
        return self.best.formula

    @property
    def interrupted(self) -> str | None:
        """The signal that ended it, if one did."""
        return signal_of(self.stopped)

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc discover --json`` prints, and ``result.json`` holds."""

        def numbers(one: SuiteScore) -> dict[str, Any]:
            return {
                "mean_kendall": one.mean_kendall,
                "kendall": {name: score.kendall for name, score in one.problems.items()},
            }

        return {
            "run": str(self.run),
            "best": {"expression": str(self.formula), **numbers(self.best)},
            "held_out": numbers(self.held_out) if self.held_out else None,
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "stopped": self.stopped,
            "epochs": self.epochs,
            "scored": self.scored,
            "known": self.known,
            "workers_lost": self.workers_lost,
        }

    def to_table(self) -> "pa.Table":
        """The Pareto front as a pyarrow Table: a row per formula, a column per problem."""
        import pyarrow as pa

        front = self.hall_of_fame.front
        columns: dict[str, Any] = {
            "expression": [str(Formula.trusted(one.tokens)) for one in front],
            "complexity": [len(one.tokens) for one in front],
            "objective": [one.objective for one in front],
        }
        for place, problem in enumerate(self.problems):
            columns[problem] = [one.correlations[place] for one in front]
        return pa.table(columns)
