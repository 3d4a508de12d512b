"""What a run of searches was asked for, as its ``config.json`` holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rayzc.errors import RunError, SearchError, nearest
from rayzc.nas import Plan, PlanOptions
from rayzc.runs.schema import SCHEMA_VERSION, require_schema

__all__ = ["CANDIDATES", "SearchConfig"]

CANDIDATES = ("table", "space")
"""Where a search moves: among the rows of its problem's table, or in the whole search space."""


@dataclass(frozen=True)
class SearchConfig:
    """The configuration of a run of searches.

    Attributes:
        rayzc: version of rayzc that began the run.
        plan: what each search does; its seed is the first of the run's.
        seeds: how many searches each problem gets, with seeds one after the other.
        suite: where the suite is, a path or a name; None for searches without tables.
        suite_hash: hash of its content.
        problems: names of the problems.
        candidates: one of :data:`CANDIDATES`.
        setup: of the measuring pool, by field.
        time_limit: seconds since the run began, those before a resume included.
        storage: where the searches keep their checkpoints: a path, or a URI that pyarrow knows; None for the run's
            own folder.
        loggers: names of the loggers that are told of the progress.
    """

    rayzc: str
    plan: Plan
    seeds: int
    suite: str | None
    suite_hash: str | None
    problems: tuple[str, ...]
    candidates: str
    setup: Mapping[str, Any]
    time_limit: float | None
    storage: str | None
    loggers: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuses what makes no sense.

        Raises:
            SearchError: a number that is not possible, or candidates that there are not.
        """
        if self.seeds < 1:
            raise SearchError(f"{self.seeds} seeds give no search: give at least 1")
        if self.time_limit is not None and not self.time_limit > 0:
            raise SearchError(
                f"a time limit of {self.time_limit:g} s ends before it begins: give more than 0"
            )
        if self.candidates not in CANDIDATES:
            known = nearest(self.candidates, CANDIDATES)
            raise SearchError(f"there are no candidates '{self.candidates}'; {known}")
        if self.candidates == "table" and self.suite is None:
            raise SearchError(
                "without a suite there is no table to search within: name a suite, or search the space"
            )

    @property
    def trials(self) -> tuple[tuple[str, int], ...]:
        """Problem and seed of every search."""
        first = self.plan.seed
        return tuple((name, seed) for seed in range(first, first + self.seeds) for name in self.problems)

    def to_json(self) -> dict[str, Any]:
        """The configuration as a JSON object."""
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "search",
            "rayzc": self.rayzc,
            "plan": self.plan.options.to_document(),
            "seeds": self.seeds,
            "suite": self.suite,
            "suite_hash": self.suite_hash,
            "problems": list(self.problems),
            "candidates": self.candidates,
            "setup": dict(self.setup),
            "time_limit": self.time_limit,
            "storage": self.storage,
            "loggers": list(self.loggers),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], path: Path) -> "SearchConfig":
        """The configuration of :meth:`to_json`.

        Raises:
            RunError: it is of another schema, or incomplete.
        """
        require_schema(document, path)
        try:
            return cls(
                rayzc=document["rayzc"],
                plan=Plan.of(PlanOptions.from_document(document["plan"], "plan", SearchError)),
                seeds=document["seeds"],
                suite=document["suite"],
                suite_hash=document["suite_hash"],
                problems=tuple(document["problems"]),
                candidates=document["candidates"],
                setup=document["setup"],
                time_limit=document["time_limit"],
                storage=document["storage"],
                loggers=tuple(document["loggers"]),
            )
        except (KeyError, TypeError, AttributeError, SearchError) as error:
            raise RunError(f"{path} cannot be used: {error}") from None
