"""The hall of fame: what a run bred, in the same bytes for the same seed."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rayzc.documents import SCHEMA_VERSION
from rayzc.errors import RunError
from rayzc.evolution import Individual, Island, one_of_each_shape, pareto_front, unique
from rayzc.formula import Formula
from rayzc.runs.files import AnyPath

__all__ = ["HallOfFame", "best_formula"]

BEST = 20


@dataclass(frozen=True)
class HallOfFame:
    """The best formulas of all islands.

    Attributes:
        best: the best formulas overall, the best first, no two ranking alike or differing in constants alone.
        front: the best formula of each complexity, the simplest first.
    """

    best: tuple[Individual, ...]
    front: tuple[Individual, ...]

    @classmethod
    def of(cls, islands: Sequence[Island]) -> "HallOfFame":
        """Gathers the best of all islands, in their order."""
        everyone = [individual for island in islands for individual in (*island.population, *island.front)]
        ranked = sorted(unique(everyone), key=lambda individual: individual.order)
        return cls(tuple(islice(one_of_each_shape(ranked), BEST)), pareto_front(everyone))

    def to_json(self, provenance: dict[str, Any], problems: Sequence[str]) -> dict[str, Any]:
        """The hall of fame as a JSON object: nothing in it depends on who computed it, or when.

        Args:
            provenance: the suite and the settings that it came from.
            problems: names of the problems, ``(problems,)``.
        """

        def entry(individual: Individual) -> dict[str, Any]:
            return {
                "expression": str(Formula.trusted(individual.tokens)),
                "complexity": len(individual.tokens),
                # JSON has no infinities, and a user's objective may give one.
                "objective": individual.objective if math.isfinite(individual.objective) else None,
                "correlations": dict(zip(problems, individual.correlations, strict=True)),
            }

        return {
            "schema_version": SCHEMA_VERSION,
            "provenance": provenance,
            "best": [entry(individual) for individual in self.best],
            "front": [entry(individual) for individual in self.front],
        }


def best_formula(path: AnyPath) -> Formula:
    """The formula that a ``hall_of_fame.json`` hands out: the chosen one, or the best where nothing was chosen.

    Raises:
        RunError: the file is not a hall of fame.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Formula.parse((document.get("cross_validation") or document["best"][0])["expression"])
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise RunError(f"{path} holds no hall of fame: {error}") from None
