"""The folds of a discovery's cross-validation, as groups of islands beside its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from rayzc.evolution import Individual, Island, Tables
from rayzc.evolution.folds import Fold, Unseen, UnseenJudge, fold_settings, folds_of, sizes_of
from rayzc.options import Settings
from rayzc.problems import Suite

__all__ = ["Folds"]


@dataclass(frozen=True)
class Folds:
    """The folds of a discovery.

    Attributes:
        folds: the folds; none without cross-validation.
        settings: how each breeds.
    """

    folds: tuple[Fold, ...] = ()
    settings: Settings = field(default_factory=Settings)

    @classmethod
    def of(cls, fitting: Suite, whole: Suite, settings: Settings, share: float) -> "Folds":
        """The folds of a suite; none where it has one search space, or they have no share.

        Args:
            fitting: the networks that formulas are bred on.
            whole: all networks.
            settings: how the discovery breeds.
            share: the folds' share of its islands.
        """
        folds = folds_of(fitting, whole) if share else ()
        return cls(folds, fold_settings(settings, share, len(folds))) if folds else cls()

    @property
    def islands(self) -> tuple[int, ...]:
        """Number of islands of each fold."""
        return (self.settings.number_of_islands,) * len(self.folds)

    @property
    def groups(self) -> list[tuple[Tables, Settings]]:
        """What formulas of each fold are judged on, and how they are bred."""
        return [(Tables.of(fold.fitting), self.settings) for fold in self.folds]

    def transfer(self, fronts: Sequence[Sequence[Sequence[Individual]]]) -> dict[int, float]:
        """By the largest of each class of sizes, the mean tau of its formulas on spaces left out.

        Args:
            fronts: by fold, the fronts of its islands; empty before the first epoch.
        """
        if not fronts:
            return {}
        judged = {judge.space: judge(own) for judge, own in zip(self._judges, fronts, strict=True)}
        return {size.limit: size.mean for size in sizes_of(judged)}

    def formulas(self, islands: Sequence[Island]) -> Mapping[str, tuple[Unseen, ...]]:
        """By space left out, the formulas of the fronts of its islands, judged on the space.

        Args:
            islands: those of all folds, in order.
        """
        rest: Iterator[Island] = iter(islands)
        return {
            judge.space: judge([island.front for island in islice(rest, count)])
            for judge, count in zip(self._judges, self.islands, strict=True)
        }

    @cached_property
    def _judges(self) -> tuple[UnseenJudge, ...]:
        return tuple(map(UnseenJudge, self.folds))
