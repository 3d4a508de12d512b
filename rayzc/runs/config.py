"""What was asked for: the configuration of a run, as ``config.json`` holds it."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rayzc.errors import RunError
from rayzc.evolution import Settings
from rayzc.problems import Suite
from rayzc.runs.schema import SCHEMA_VERSION, require_schema

__all__ = ["Limits", "RunConfig", "split"]


@dataclass(frozen=True)
class Limits:
    """When to stop; whichever comes first. The last three count alike whatever computes them, and how fast.

    Attributes:
        time_limit: seconds since the run began, those before a resume included.
        epochs: epochs of every island.
        evaluations: formulas bred and judged, over all islands.
        plateau: epochs in which the best formula did not get better.
    """

    time_limit: float | None = None
    epochs: int | None = None
    evaluations: int | None = None
    plateau: int | None = None

    def __post_init__(self) -> None:
        """Refuses limits that are none.

        Raises:
            RunError: one of them is not a number greater than zero, or is infinite.
        """
        for name, value in asdict(self).items():
            if value is not None and not 0 < value < math.inf:
                must = "be greater than 0" if value != math.inf else "be finite, or left out"
                raise RunError(f"the limit {name.replace('_', '-')} is {value}; it must {must}")

    def or_else(self, other: "Limits") -> "Limits":
        """These limits, and the other's if none is set."""
        return self if any(asdict(self).values()) else other


@dataclass(frozen=True)
class RunConfig:
    """The configuration of a run.

    Attributes:
        rayzc: version of rayzc that began the run.
        suite: where the suite is: a path, or a name.
        suite_hash: hash of its content.
        problems: names of the problems, in the order of all arrays.
        proxies: names of the proxies that formulas may use.
        holdout: share of the rows that are held out.
        settings: how formulas are bred.
        limits: when to stop.
    """

    rayzc: str
    suite: str
    suite_hash: str
    problems: tuple[str, ...]
    proxies: tuple[str, ...]
    holdout: float | None
    settings: Settings
    limits: Limits

    @property
    def provenance(self) -> dict[str, Any]:
        """What a hall of fame depends on: all but the version, the place and the limits."""
        return {
            "suite_hash": self.suite_hash,
            "problems": list(self.problems),
            "proxies": list(self.proxies),
            "holdout": self.holdout,
            "settings": self.settings.to_document(),
        }

    def to_json(self) -> dict[str, Any]:
        """The configuration as a JSON object."""
        return {
            "schema_version": SCHEMA_VERSION,
            "rayzc": self.rayzc,
            "suite": self.suite,
            **self.provenance,
            "limits": asdict(self.limits),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any], path: Path) -> "RunConfig":
        """The configuration of :meth:`to_json`.

        Raises:
            RunError: it is of a newer schema, or incomplete.
        """
        require_schema(document, path)
        try:
            return cls(
                rayzc=document["rayzc"],
                suite=document["suite"],
                suite_hash=document["suite_hash"],
                problems=tuple(document["problems"]),
                proxies=tuple(document["proxies"]),
                holdout=document["holdout"],
                settings=Settings.from_document(document["settings"], f"{path}, settings"),
                limits=Limits(**document["limits"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{path} is incomplete: {error}") from None

    def with_limits(self, limits: Limits) -> "RunConfig":
        """The same run with other limits, where any are given."""
        return replace(self, limits=limits.or_else(self.limits))

    def fitting_and_validation(self, load: Callable[[str], Suite]) -> tuple[Suite, Suite | None]:
        """Loads the suite again and cuts it as the run did.

        Args:
            load: loads a suite from its path or name.

        Raises:
            RunError: the suite is no longer the one that the run began with.
        """
        suite = load(self.suite)
        if suite.content_hash != self.suite_hash:
            raise RunError(
                f"suite {self.suite} has changed since the run began (content hash {suite.content_hash[:12]}, was "
                f"{self.suite_hash[:12]}): put the earlier one back, or start a new run"
            )
        # The hash is blind to the order of problems, but all arrays are in the order of the configuration.
        chosen = replace(suite, problems=tuple(suite.problem(name) for name in self.problems))
        return split(chosen.for_fitting(self.proxies), self.holdout, self.settings.seed)


def split(suite: Suite, holdout: float | None, seed: int) -> tuple[Suite, Suite | None]:
    """The part to fit on, and the part held out, if there is one."""
    return suite.split(holdout, seed) if holdout else (suite, None)
