"""Cross-validated breeding: one discovery for each search space left out, and how far formulas of each size hold there.

A *fold* breeds on all search spaces but one, with the fitted networks of a run and nothing else: its tables do not have
the space that is left out. Its front, the best formula of each size, is then judged on all networks of that space. For
each limit of size, every fold hands in the best of its formulas that keep to the limit; the mean of their taus over the
problems, each judged by the fold that did not see its space, estimates how formulas of this size hold elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rayzc.evolution.fitness import Judge
from rayzc.evolution.individual import Individual, pareto_front
from rayzc.evolution.island import Island
from rayzc.evolution.tables import Tables
from rayzc.formula import Formula
from rayzc.options.breeding import Settings
from rayzc.problems import Suite

__all__ = ["Fold", "Size", "Unseen", "UnseenJudge", "chosen_size", "fold_settings", "folds_of", "sizes_of"]


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
    """A formula of a fold's front, and how it ranks the space that it has not seen.

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
    """How the best formulas of at most some size hold on search spaces that they have not seen.

    Attributes:
        limit: the number of nodes that they may have.
        best: by space left out, the best formula of its fold.
    """

    limit: int
    best: Mapping[str, Unseen]

    @property
    def formulas(self) -> dict[str, Formula]:
        """By space left out, the best formula of its fold."""
        return {space: each.formula for space, each in self.best.items()}

    @property
    def taus(self) -> dict[str, float]:
        """By problem, Kendall's tau of the formula that has not seen the problem's space."""
        return {name: tau for each in self.best.values() for name, tau in each.taus.items()}

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
    """Judges the fronts of a fold on the space that it leaves out, and remembers what it has judged.

    Args:
        fold: the fold.
    """

    def __init__(self, fold: Fold) -> None:
        self.space = fold.space
        self._tables = Tables.of(fold.unseen)
        self._judge = Judge(self._tables)

    def of_islands(self, islands: Sequence[Island]) -> tuple[Unseen, ...]:
        """The best formulas of each size of some islands of the fold, judged."""
        return self([individual for island in islands for individual in (*island.population, *island.front)])

    def __call__(self, individuals: Sequence[Individual]) -> tuple[Unseen, ...]:
        """The best formulas of each size, the simplest first, judged."""
        return tuple(
            Unseen(
                Formula.trusted(individual.tokens),
                individual.objective,
                dict(
                    zip(
                        self._tables.problems,
                        self._judge(individual.tokens).correlations.tolist(),
                        strict=True,
                    )
                ),
            )
            for individual in pareto_front(individuals)
        )


def sizes_of(fronts: Mapping[str, Sequence[Unseen]]) -> tuple[Size, ...]:
    """How far formulas hold, for every limit of size at which a fold has another best formula.

    Args:
        fronts: by space left out, the best formulas of each size of its fold, the simplest first.
    """
    least = max(front[0].formula.size for front in fronts.values())
    limits = sorted({each.formula.size for front in fronts.values() for each in front})
    return tuple(
        Size(
            limit,
            {
                space: [each for each in front if each.formula.size <= limit][-1]
                for space, front in fronts.items()
            },
        )
        for limit in limits
        if limit >= least
    )


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
    gains = [
        float(np.mean([tau - size.best[space].taus[name] for name, tau in each.taus.items()]))
        for space, each in best.best.items()
    ]
    return float(np.std(gains, ddof=1) / np.sqrt(len(gains)))
