"""The results of runs: as types, as JSON and as tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rayzc.ending import Ended, Ending
from rayzc.errors import RunError
from rayzc.evolution import SuiteScore
from rayzc.evolution.choosing import CrossValidation
from rayzc.evolution.transfer import Transfer
from rayzc.formula import Formula
from rayzc.nas import Results
from rayzc.nas.finals import Final
from rayzc.runs.files import AnyPath
from rayzc.runs.hall_of_fame import HallOfFame

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Discovery", "Pipeline"]


@dataclass(frozen=True)
class Discovery(Ended):
    """The result of a discovery.

    Attributes:
        run: the run's folder.
        ending: how it ended.
        best: how the formula that is handed out ranks the problems that it was bred on.
        held_out: how it ranks the rows that were held out; None if there are none.
        hall_of_fame: the best formulas overall and of each complexity.
        problems: names of the problems, in the order of all correlations.
        epochs: epochs of every island.
        evaluations: formulas bred and judged, up to that epoch.
        scored: rankings whose correlations were computed, by all workers in this process's time.
        known: formulas whose ranking a worker knew already.
        workers_lost: workers that died and were replaced.
        seconds: how long the run took, including those before a resume.
        most_evaluations: the limit of evaluations, if the run has one; whole epochs of all islands may exceed it.
        cross_validation: how formulas hold on search spaces that they have not seen, and what was chosen by that; None
            without cross-validation.
        trouble: what could not be written, if anything.
    """

    run: AnyPath
    ending: Ending
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
    cross_validation: CrossValidation | None = None
    trouble: str | None = None

    @property
    def formula(self) -> Formula:
        """The formula that is handed out."""
        return self.best.formula

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc discover --json`` prints, and ``result.json`` holds."""

        def numbers(score: SuiteScore) -> dict[str, Any]:
            return {
                "mean_kendall": score.mean_kendall,
                "kendall": {name: problem.kendall for name, problem in score.problems.items()},
            }

        checked = self.cross_validation
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
            **({"cross_validation": checked.summary()} if checked else {}),
        }

    def to_table(self) -> "pa.Table":
        """The Pareto front as a pyarrow Table: a row per formula, a column per problem."""
        import pyarrow as pa

        front = self.hall_of_fame.front
        columns: dict[str, Any] = {
            "expression": [str(Formula.trusted(individual.tokens)) for individual in front],
            "complexity": [len(individual.tokens) for individual in front],
            "objective": [individual.objective for individual in front],
        }
        for place, problem in enumerate(self.problems):
            columns[problem] = [individual.correlations[place] for individual in front]
        return pa.table(columns)


@dataclass(frozen=True)
class Pipeline(Ended):
    """The result of a run from a suite to architectures.

    Attributes:
        run: the run's folder; ``discovery``, ``left_out/SPACE`` and ``search`` below it are runs of their own.
        formula: text of the formula that was searched with; None if the discovery was interrupted before it had one.
        discovery: what bred it, as the discovery's own ``result.json`` has it; None where the formula was given.
        searched: what the searches found; None if the run was interrupted before.
        ending: how the run ended.
        seconds: how long all of it took, including those before a resume.
        transfer: how the formula, and then each single proxy, ranks networks and spaces that it was not bred on; empty
            where the formula was given.
        finals: what the best networks reached when they were trained; empty where nothing is trained.
        untrained: why nothing is trained; None if something is.
        trouble: what could not be written, if anything.
    """

    run: Path
    formula: str | None
    discovery: Mapping[str, Any] | None
    searched: Results | None
    ending: Ending
    seconds: float
    transfer: tuple[Transfer, ...] = ()
    finals: tuple[Final, ...] = ()
    untrained: str | None = None
    trouble: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc run --json`` prints, and ``result.json`` holds."""
        return {
            "run": str(self.run),
            "formula": self.formula,
            "stopped": self.stopped,
            "seconds": self.seconds,
            "discovery": dict(self.discovery) if self.discovery else None,
            "transfer": [each.to_json() for each in self.transfer],
            "untrained": self.untrained,
            "finals": [final.to_document() for final in self.finals],
            "search": self.searched.to_json() if self.searched else None,
        }

    def to_table(self) -> "pa.Table":
        """A row for each problem and seed, see :meth:`rayzc.nas.Results.to_table`.

        Raises:
            RunError: it was interrupted before the searches.
        """
        if self.searched is None:
            raise RunError(
                f"{self.run} was interrupted before its searches: continue with `rayzc resume {self.run}`"
            )
        return self.searched.to_table()
