"""The result of a study: its discoveries, and the matrix of what they were bred on by what they are judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rayzc.ending import Ended, Ending
from rayzc.evolution.matrix import Matrix, Tau
from rayzc.evolution.studies import Kind, Member
from rayzc.runs.files import AnyPath

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Study"]


@dataclass(frozen=True)
class Study(Ended):
    """The result of a study.

    Attributes:
        run: the study's folder; each discovery has a folder below ``members``.
        ending: how it ended.
        members: the discoveries that have a result.
        results: of these, as their own ``result.json`` have them.
        matrix: how their formulas rank what they were not bred on.
        unfinished: number of discoveries that were interrupted before they had a result.
        seconds: how long the study took, including the time before a resume.
        busy: share of the time in which workers computed, since the start or the last resume; None if nothing was
            left to do.
        trouble: what could not be written, if anything.
    """

    run: AnyPath
    ending: Ending
    members: tuple[Member, ...]
    results: tuple[Mapping[str, Any], ...]
    matrix: Matrix
    unfinished: int
    seconds: float
    busy: float | None
    trouble: str | None = None

    def known(self, kinds: Sequence[Kind]) -> Tau | None:
        """The mean tau of formulas on problems that they were bred on."""
        return self.matrix.tau([(kind, name) for kind in kinds for name in kind.problems])

    def new(self, kinds: Sequence[Kind]) -> Tau | None:
        """The mean tau of formulas on problems that they were not bred on; None if there are none."""
        problems = self.matrix.problems
        return self.matrix.tau(
            [(kind, name) for kind in kinds for name in problems if name not in kind.problems]
        )

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc study --json`` prints, and ``result.json`` holds."""
        return {
            "run": str(self.run),
            "stopped": self.stopped,
            "seconds": self.seconds,
            "unfinished": self.unfinished,
            "members": [
                {
                    "folder": member.folder,
                    "bred_on": member.kind.bred_on,
                    "varied": dict(member.kind.varied),
                    "seed": member.settings.seed,
                    **{key: result[key] for key in ("best", "evaluations", "epochs", "seconds", "stopped")},
                }
                for member, result in zip(self.members, self.results, strict=True)
            ],
            "matrix": self.to_table().to_pylist(),
        }

    def to_table(self) -> "pa.Table":
        """The matrix as a pyarrow Table: a row for each kind of discovery and each problem to judge it on.

        Its columns are ``bred_on``, a column for each varied setting, ``judged_on``, ``seen`` (whether the problem was
        among those bred on), ``fitted`` (whether it was judged on the very networks that were bred on, for lack of
        others), ``repeats``, and ``kendall`` with its interval, ``low`` and ``high``.
        """
        import pyarrow as pa

        rows = []
        for kind in self.matrix.kinds:
            for name in self.matrix.problems:
                tau = self.matrix.tau([(kind, name)])
                assert tau is not None
                low, high = tau.interval or (None, None)
                rows.append(
                    {
                        "bred_on": kind.bred_on,
                        **dict(kind.varied),
                        "judged_on": name,
                        "seen": name in kind.problems,
                        "fitted": self.matrix.fitted(kind, name),
                        "repeats": self.matrix.repeats(kind),
                        "kendall": tau.mean,
                        "low": low,
                        "high": high,
                    }
                )
        return pa.Table.from_pylist(rows)
