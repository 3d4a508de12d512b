"""How the formulas of a study rank what they were not bred on, with intervals: a matrix of bred on by judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.assessment import Interval, kendall, resampled_kendall
from rayzc.evolution.studies import Kind, Member
from rayzc.formula import Formula, ranking_values
from rayzc.problems import Problem, Suite

__all__ = ["Judgement", "Matrix", "Tau", "judge"]

_PERCENTILES = (2.5, 97.5)
Cell = tuple[Kind, str]
"""A kind of discovery, and a problem that its formulas are judged on."""


@dataclass(frozen=True)
class Judgement:
    """How a formula ranks every problem of a suite.

    Attributes:
        taus: Kendall's tau by problem, on networks that the formula was not bred on.
        samples: by problem, tau on bootstrap samples of these networks, ``(samples,)``.
        fitted: problems that are judged on the networks that the formula was bred on, for lack of others.
    """

    taus: Mapping[str, float]
    samples: Mapping[str, NDArray[np.float64]]
    fitted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tau:
    """A mean of Kendall's tau.

    Attributes:
        mean: over problems and seeds.
        interval: 95 % bootstrap interval over networks and seeds; None without samples.
    """

    mean: float
    interval: Interval | None = None


def judge(formula: Formula, suite: Suite, fitting: Suite, samples: int = 0, seed: int = 0) -> Judgement:
    """Judges a formula on all networks of a suite that it was not bred on.

    A network that it was bred on in one problem counts as known in all problems of the search space. Where a problem
    has no other networks, it is judged on these.

    Args:
        formula: the formula.
        suite: what to judge it on.
        fitting: what it was bred on, part of the suite.
        samples: number of bootstrap samples. Formulas that are judged on the same networks are judged on the same
            samples.
        seed: of the bootstrap.
    """
    taus, drawn, fitted = {}, {}, set()
    for problem in suite.problems:
        known = [own.groups for own in fitting.problems if own.space == problem.space]
        new = ~np.isin(problem.groups, np.concatenate(known)) if known else np.ones(len(problem), bool)
        if new.sum() < 2:
            fitted.add(problem.name)
        chosen = problem.take(new) if new.sum() >= 2 else problem
        values = _values(formula, chosen)
        taus[problem.name] = kendall(values, chosen.accuracy)
        drawn[problem.name] = resampled_kendall(values, chosen, samples, seed)
    return Judgement(taus, drawn, frozenset(fitted))


class Matrix:
    """The judgements of all formulas of a study.

    Args:
        members: the discoveries.
        judgements: of their formulas, in the same order.

    Attributes:
        kinds: the kinds of discoveries, in order.
        problems: names of the problems, in order.
    """

    def __init__(self, members: Sequence[Member], judgements: Sequence[Judgement]) -> None:
        self.kinds = tuple(dict.fromkeys(member.kind for member in members))
        self.problems = tuple(judgements[0].taus) if judgements else ()
        self._of = {
            kind: [each for member, each in zip(members, judgements, strict=True) if member.kind == kind]
            for kind in self.kinds
        }

    def repeats(self, kind: Kind) -> int:
        """Number of formulas of a kind."""
        return len(self._of[kind])

    def fitted(self, kind: Kind, problem: str) -> bool:
        """Whether a problem was judged on networks that formulas of this kind were bred on."""
        return any(problem in each.fitted for each in self._of[kind])

    def tau(self, cells: Sequence[Cell]) -> Tau | None:
        """The mean tau over cells of the matrix, each the mean over the seeds of its kind.

        Args:
            cells: the cells.

        Returns:
            The mean and its interval; None for no cells.
        """
        if not cells:
            return None
        mean = float(np.mean([np.mean([each.taus[name] for each in self._of[kind]]) for kind, name in cells]))
        # The seeds that a bootstrap sample draws are the same for all cells of a kind.
        seeds = {kind: self._drawn_seeds(kind) for kind, _ in cells}
        samples = np.mean([self._samples(kind, name, seeds[kind]) for kind, name in cells], axis=0)
        if not samples.size:
            return Tau(mean)
        low, high = np.percentile(samples, _PERCENTILES)
        return Tau(mean, (float(low), float(high)))

    def _drawn_seeds(self, kind: Kind) -> NDArray[np.int64]:
        """By bootstrap sample, the formulas of a kind that it draws, ``(repeats, samples)``."""
        judgements = self._of[kind]
        count = len(next(iter(judgements[0].samples.values())))
        rng = np.random.default_rng([len(judgements), self.kinds.index(kind)])
        return rng.integers(len(judgements), size=(len(judgements), count))

    def _samples(self, kind: Kind, problem: str, seeds: NDArray[np.int64]) -> NDArray[np.float64]:
        """The mean tau of the drawn formulas on the drawn networks, ``(samples,)``."""
        every = np.stack([each.samples[problem] for each in self._of[kind]])
        drawn: NDArray[np.float64] = np.take_along_axis(every, seeds, axis=0).mean(axis=0)
        return drawn


def _values(formula: Formula, problem: Problem) -> NDArray[np.float64]:
    return ranking_values(formula.evaluate({name: problem.column(name) for name in problem.proxies}))
