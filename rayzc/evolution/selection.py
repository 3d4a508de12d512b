"""Methods of parent selection, by name. All parents of a generation are chosen at once.

A selection is a function of the population's correlations and objectives. To add a selection, write the function and
enter it in :data:`SELECTIONS`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from rayzc.evolution.ranking import kernel

__all__ = ["SELECTIONS", "Selection", "epsilon_lexicase", "tournament"]

Selection = Callable[[NDArray[np.float64], NDArray[np.float64], int, np.random.Generator], NDArray[np.int64]]

TOURNAMENT = 5


def tournament(
    correlations: NDArray[np.float64],
    objectives: NDArray[np.float64],
    parents: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Each parent is the best of five drawn with replacement.

    Args:
        correlations: ``(population, problems)``, not used.
        objectives: ``(population,)``.
        parents: number of parents to choose.
        rng: the random generator.

    Returns:
        Indices of the parents, ``(parents,)``.
    """
    drawn = rng.integers(0, len(objectives), (parents, TOURNAMENT))
    best: NDArray[np.int64] = drawn[np.arange(parents), objectives[drawn].argmax(axis=1)]
    return best


def epsilon_lexicase(
    correlations: NDArray[np.float64],
    objectives: NDArray[np.float64],
    parents: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Epsilon-lexicase selection with the problems as cases, in its semi-dynamic form.

    For each parent the problems come in a new random order; on each, only those survive whose correlation is
    within epsilon of the best survivor's, epsilon being the median absolute deviation of the population.
    Specialists of a few problems so become parents beside all-rounders. Reference: W. La Cava, L. Spector and
    K. Danai, "Epsilon-lexicase selection for regression", GECCO 2016.

    Args:
        correlations: ``(population, problems)``.
        objectives: ``(population,)``, not used.
        parents: number of parents to choose.
        rng: the random generator.

    Returns:
        Indices of the parents, ``(parents,)``.
    """
    problems = correlations.shape[1]
    epsilon = np.median(np.abs(correlations - np.median(correlations, axis=0)), axis=0)
    cases = rng.permuted(np.tile(np.arange(problems), (parents, 1)), axis=1)
    chance = rng.random(parents)
    chosen: NDArray[np.int64] = _lexicase(np.ascontiguousarray(correlations.T), epsilon, cases, chance)
    return chosen


SELECTIONS: Mapping[str, Selection] = MappingProxyType(
    {"tournament": tournament, "lexicase": epsilon_lexicase}
)
"""The selections by name."""


@kernel
def _lexicase(correlations, epsilon, cases, chance):  # type: ignore[no-untyped-def]
    problems, population = correlations.shape
    chosen = np.empty(len(chance), np.int64)
    alive = np.empty(population, np.int64)
    for parent in range(len(chance)):
        for i in range(population):
            alive[i] = i
        count = population
        for step in range(problems):
            case = cases[parent, step]
            best = -np.inf
            for i in range(count):
                best = max(best, correlations[case, alive[i]])
            kept = 0
            for i in range(count):
                if correlations[case, alive[i]] >= best - epsilon[case]:
                    alive[kept] = alive[i]
                    kept += 1
            count = kept
            if count == 1:
                break
        chosen[parent] = alive[int(chance[parent] * count)]
    return chosen
