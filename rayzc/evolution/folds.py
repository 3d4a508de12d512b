"""Cross-validated breeding: one discovery for each search space left out, and how far formulas of each size hold there.

A *fold* breeds on all search spaces but one, with the fitted networks of a run and nothing else: its tables do not have
the space that is left out. Its formulas are then judged on all networks of that space. What a single formula reaches
there is mostly chance, so sizes are judged by classes, 1, 2, 3 to 4, 5 to 8 nodes and so on, each by several of the
best formulas of every fold. Their mean tau over the problems estimates how formulas of this size hold elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rayzc.evolution.fitness import Judge
from rayzc.evolution.individual import Individual, unique
from rayzc.evolution.tables import Tables
from rayzc.formula import Formula, Tokens
from rayzc.options.breeding import Settings
from rayzc.problems import Suite

__all__ = ["Fold", "Size", "Unseen", "UnseenJudge", "chosen_size", "fold_settings", "folds_of", "sizes_of"]

_JUDGED = 4
"""The most formulas of a fold that stand for a class of sizes."""


@dataclass(frozen=True, eq=False)
class Fold:
    """A search space that is left out.

    Attributes:
        space: its name.
        fitting: what is bred on: the fitted networks of the other spaces.
        unseen: what is judged on: all networks of the space.
    """

    space: str
    fitting: Suite
    unseen: Suite


@dataclass(frozen=True)
class Unseen:
    """A formula of a fold, and how it ranks the space that it has not seen.

    Attributes:
        formula: the formula.
        objective: what it reached on what it was bred on.
        taus: Kendall's tau by problem of the space.
    """

    formula: Formula
    objective: float
    taus: Mapping[str, float]


@dataclass(frozen=True)
class Size:
    """How formulas of about some size hold on search spaces that they have not seen.

    Attributes:
        limit: the number of nodes that they may have, a power of two.
        best: by space left out, the best formulas of its fold of more than half as many nodes, the best first; where
            there are none, the best of fewer.
    """

    limit: int
    best: Mapping[str, tuple[Unseen, ...]]

    @property
    def formulas(self) -> dict[str, tuple[Formula, ...]]:
        """By space left out, the formulas."""
        return {space: tuple(each.formula for each in own) for space, own in self.best.items()}

    @property
    def taus(self) -> dict[str, float]:
        """By problem, the mean of Kendall's tau over the formulas that have not seen the problem's space."""
        return {
            name: float(np.mean([each.taus[name] for each in own]))
            for own in self.best.values()
            for name in own[0].taus
        }

    @property
    def mean(self) -> float:
        """The mean tau over the problems."""
        return float(np.mean([*self.taus.values()]))


def folds_of(fitting: Suite, whole: Suite) -> tuple[Fold, ...]:
    """The folds of a suite; none where it has only one search space.

    Args:
        fitting: the networks that formulas may be bred on.
        whole: all networks.
    """
    spaces = tuple(dict.fromkeys(problem.space for problem in fitting.problems))
    if len(spaces) == 1:
        return ()
    return tuple(
        Fold(
            space,
            replace(fitting, problems=tuple(p for p in fitting.problems if p.space != space)),
            replace(whole, problems=tuple(p for p in whole.problems if p.space == space)),
        )
        for space in spaces
    )


def fold_settings(settings: Settings, share: float, folds: int) -> Settings:
    """How each fold breeds: as the run, on so many islands that all folds together have their share, at least one.

    Args:
        settings: those of the run.
        share: the folds' share of all islands.
        folds: number of folds.
    """
    islands = round(settings.number_of_islands * share / (1.0 - share) / folds)
    return settings.replaced(islands=max(1, islands))


class UnseenJudge:
    """Judges formulas of a fold on the space that it leaves out, and remembers what it has judged.

    Args:
        fold: the fold.
    """

    def __init__(self, fold: Fold) -> None:
        self.space = fold.space
        self._tables = Tables.of(fold.unseen)
        self._judge = Judge(self._tables)

    def __call__(self, fronts: Sequence[Sequence[Individual]]) -> tuple[Unseen, ...]:
        """The formulas of the fronts of its islands, the best first, no two ranking alike, judged."""
        everyone = unique(individual for front in fronts for individual in front)
        ranked = sorted(everyone, key=lambda individual: individual.order)
        return tuple(
            Unseen(Formula.trusted(each.tokens), each.objective, self._taus(each.tokens)) for each in ranked
        )

    def _taus(self, tokens: Tokens) -> dict[str, float]:
        taus = self._judge(tokens).correlations.tolist()
        return dict(zip(self._tables.problems, taus, strict=True))


def sizes_of(formulas: Mapping[str, Sequence[Unseen]]) -> tuple[Size, ...]:
    """How far formulas hold, for every class of sizes of which a fold has formulas, in ascending order.

    Args:
        formulas: by space left out, the formulas of its fold, the best first.
    """
    found = sorted({_class(each) for own in formulas.values() for each in own})
    least = max(min(_class(each) for each in own) for own in formulas.values())
    return tuple(
        Size(limit, {space: _of_size(own, limit) for space, own in formulas.items()})
        for limit in found
        if limit >= least
    )


def _class(each: Unseen) -> int:
    """The least power of two that is not below a formula's size."""
    return 1 << (each.formula.size - 1).bit_length()


def _of_size(formulas: Sequence[Unseen], limit: int) -> tuple[Unseen, ...]:
    own = [each for each in formulas if _class(each) == limit]
    return tuple(own[:_JUDGED]) or next((each,) for each in formulas if _class(each) < limit)


def chosen_size(sizes: Sequence[Size]) -> Size:
    """The size at which transfer stops to grow: the smallest that is within noise of the best.

    Noise is one standard error, over the search spaces, of the difference in the mean tau on each of them: formulas are
    compared on the same problems, so what makes a space hard for all does not count.

    Args:
        sizes: the sizes in ascending order, at least one.
    """
    best = max(sizes, key=lambda size: size.mean)
    return next(size for size in sizes if best.mean - size.mean <= _noise(size, best))


def _noise(size: Size, best: Size) -> float:
    """The standard error of what the mean tau of a search space gains from one size to the other."""
    before, after = size.taus, best.taus
    gains = [
        float(np.mean([after[name] - before[name] for name in own[0].taus])) for own in best.best.values()
    ]
    return float(np.std(gains, ddof=1) / np.sqrt(len(gains)))
