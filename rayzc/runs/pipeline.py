"""A run from a suite to architectures: what was asked for, and what came out of its two stages."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rayzc.errors import RunError
from rayzc.evolution import Settings
from rayzc.runs.config import Limits
from rayzc.runs.interruption import interrupted_by, signal_of
from rayzc.runs.schema import SCHEMA_VERSION, require_schema
from rayzc.runs.searched import Searched

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["WholeConfig", "WholeRun"]


@dataclass(frozen=True)
class WholeConfig:
    """The configuration of a run from a suite to architectures.

    Attributes:
        rayzc: version of rayzc that began the run.
        suite: where the suite is: a path, or a name.
        problems: names or patterns of the problems to take.
        leave_out: names or patterns to leave out.
        formula: text of the formula to search with; None to breed one first.
        proxies: names of the proxies that a bred formula may use; None for all that are common.
        settings: how it is bred.
        limits: when the discovery stops.
        time_limit: seconds for all of it; None for as long as the searches take.
        search: further arguments of the search, by name.
    """

    rayzc: str
    suite: str
    problems: tuple[str, ...]
    leave_out: tuple[str, ...]
    formula: str | None
    proxies: tuple[str, ...] | None
    settings: Settings
    limits: Limits
    time_limit: float | None
    search: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The configuration as a JSON object."""
        document = {
            **{f.name: getattr(self, f.name) for f in fields(self)},
            "limits": asdict(self.limits),
            "settings": self.settings.to_document(),
            "search": dict(self.search),
        }
        return {"schema_version": SCHEMA_VERSION, "kind": "run", **document}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], path: Path) -> "WholeConfig":
        """The configuration of :meth:`to_json`.

        Raises:
            RunError: it is of another schema, or incomplete.
        """
        require_schema(document, path)
        try:
            return cls(
                rayzc=document["rayzc"],
                suite=document["suite"],
                problems=tuple(document["problems"]),
                leave_out=tuple(document["leave_out"]),
                formula=document["formula"],
                proxies=None if document["proxies"] is None else tuple(document["proxies"]),
                settings=Settings.from_document(document["settings"], f"{path}, settings"),
                limits=Limits(**document["limits"]),
                time_limit=document["time_limit"],
                search=document["search"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} is incomplete: {error}") from None


@dataclass(frozen=True)
class WholeRun:
    """What came out of a run from a suite to architectures.

    Attributes:
        run: the run's folder; ``discovery`` and ``search`` below it are runs of their own.
        formula: text of the formula that was searched with; None if the discovery was interrupted before it had one.
        discovery: what bred it, as the discovery's own ``result.json`` has it; None where the formula was given.
        searched: what the searches found; None if the run was interrupted before.
        seconds: how long all of it took, those before a resume included.
    """

    run: Path
    formula: str | None
    discovery: Mapping[str, Any] | None
    searched: Searched | None
    seconds: float

    @property
    def interrupted(self) -> str | None:
        """The signal that ended it, if one did."""
        if self.searched is not None:
            return self.searched.interrupted
        return signal_of(str((self.discovery or {}).get("stopped", "")))

    @property
    def stopped(self) -> str:
        """Why it ended."""
        return interrupted_by(self.interrupted) if self.interrupted else "all searches ended"

    def to_json(self) -> dict[str, Any]:
        """The document that ``rayzc run --json`` prints, and ``result.json`` holds."""
        return {
            "run": str(self.run),
            "formula": self.formula,
            "stopped": self.stopped,
            "seconds": self.seconds,
            "discovery": dict(self.discovery) if self.discovery else None,
            "search": self.searched.to_json() if self.searched else None,
        }

    def to_table(self) -> "pa.Table":
        """A row for each problem and seed, see :meth:`rayzc.nas.Results.to_table`.

        Raises:
            RunError: it was interrupted before the searches.
        """
        if self.searched is None:
            raise RunError(
                f"{self.run} was interrupted before its searches: go on with `rayzc resume {self.run}`"
            )
        return self.searched.to_table()
