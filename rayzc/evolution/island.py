"""An island is a value, and one epoch of its evolution a pure function.

:func:`step` takes an island and the immigrants that reach it, and returns the island one epoch later. Every random
number comes from (seed, island, epoch), so who computes a step, when, and how often, changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random

import numpy as np

from rayzc.errors import RunError
from rayzc.evolution.fitness import Judge
from rayzc.evolution.individual import (
    Individual,
    judged,
    judged_as_it_is,
    one_of_each_shape,
    pareto_front,
    shortened,
    unique,
)
from rayzc.evolution.objectives import Objective, objective_of
from rayzc.evolution.selection import SELECTIONS
from rayzc.evolution.variation import (
    Vocabulary,
    cross_over,
    grow,
    mutate,
    perturb_constants,
    pick,
    polish,
)
from rayzc.formula import ARITY, Formula, Tokens
from rayzc.options.breeding import Settings

__all__ = ["Island", "check_settings", "emigrants", "fits", "initialise", "step"]

_STARTING_DEPTH = 4
_FROM_FRONT = 0.1
# A number added to a constant like 1e16 loses digits, and which digits depends on the kind of processor.
_LARGEST = 1e6


@dataclass(frozen=True, slots=True)
class Island:
    """A subpopulation between two epochs.

    Attributes:
        index: number of the island.
        epoch: number of epochs so far.
        population: its formulas, the best first, no two ranking alike.
        front: the best formula of each complexity, the simplest first, each better than all that are simpler.
        evaluations: number of formulas bred and judged on it so far.
    """

    index: int
    epoch: int
    population: tuple[Individual, ...]
    front: tuple[Individual, ...]
    evaluations: int


def check_settings(settings: Settings, proxies: Sequence[str]) -> None:
    """Checks what settings name, before a run begins: the objective, and the starting formulas.

    Args:
        settings: how formulas are bred.
        proxies: those that formulas may use.

    Raises:
        RunError: the objective cannot be imported; or a starting formula is beyond the limits of size and depth, has no
            proxy, or needs another one.
        FormulaError: a starting formula does not parse.
    """
    objective_of(settings)
    for text in settings.seeds:
        formula = Formula.parse(text)
        for number, unit, name, limit in (
            (formula.size, "nodes", "max_size", settings.max_size),
            (formula.depth, "levels", "max_depth", settings.max_depth),
        ):
            if number > limit:
                raise RunError(f"the starting formula {formula} has {number} {unit}; {name} is {limit}")
        if not formula.proxies:
            raise RunError(f"the starting formula {formula} has no proxy in it")
        for proxy in formula.proxies:
            if proxy not in proxies:
                raise RunError(
                    f"the starting formula {text} needs proxy '{proxy}'; known: {', '.join(proxies)}"
                )


def initialise(index: int, judge: Judge, settings: Settings) -> Island:
    """Makes an island at epoch 0 of the bare proxies, the user's formulas, and random formulas.

    Args:
        index: number of the island.
        judge: judges formulas on the tables.
        settings: how formulas are bred.
    """
    rng = Random(f"settle/{settings.seed}/{index}")  # the word is part of every recorded run
    objective = objective_of(settings)
    words = Vocabulary(judge.proxies)
    given = [Formula.parse(text).tokens for text in settings.seeds]
    tokens: list[Tokens] = [*((proxy,) for proxy in judge.proxies), *given]
    while len(tokens) < 2 * settings.population:
        tokens.append(grow(rng, words, _STARTING_DEPTH))
    founders = [_judged(t, judge, objective, settings) for t in tokens if fits(t, settings)]
    # Where an outer function overflows or saturates, a formula that is stripped ranks unlike the given formula.
    founders += [judged_as_it_is(t, judge, objective) for t in given]
    return _survivors(Island(index, 0, (), (), 0), (), founders, len(founders), settings)


def step(island: Island, immigrants: Iterable[Individual], judge: Judge, settings: Settings) -> Island:
    """Evolves an island by one epoch: immigrants arrive, and some generations follow.

    Args:
        island: the island before.
        immigrants: emigrants of its neighbours.
        judge: judges formulas on the tables; what it remembers changes only how fast it answers.
        settings: how formulas are bred.

    Returns:
        the island after.
    """
    rng = Random(f"step/{settings.seed}/{island.index}/{island.epoch}")
    objective = objective_of(settings)
    arrived = replace(island, population=(*island.population, *immigrants))
    for _ in range(settings.generations):
        arrived = _generation(rng, arrived, judge, objective, settings)
    return replace(arrived, epoch=island.epoch + 1)


def emigrants(island: Island, settings: Settings) -> tuple[Individual, ...]:
    """The best formulas of the island, which leave it as copies: at least 1 unless the rate is 0."""
    count = round(settings.migration_rate * settings.population)
    return island.population[: max(1, count) if settings.migration_rate else 0]


def fits(tokens: Tokens, settings: Settings) -> bool:
    """Whether a formula keeps to the limits of size and depth, uses a proxy, and has no constant beyond a million.

    Nor may a primitive have constants alone for operands: it is a constant itself, and that may be too large.
    """
    if len(tokens) > settings.max_size:
        return False
    arity_of = ARITY.get
    # The level of the next token, and the levels of second operands that are still to come.
    depth, waiting = 1, [0]
    deepest, has_proxy = 0, False
    # Operands of the last primitive that are not known yet, as long as all that are known are constants.
    unknown = 0
    for token in tokens:
        arity = arity_of(token)
        if arity is None:
            if isinstance(token, str):
                has_proxy = True
                unknown = 0
            else:
                unknown -= 1
                if unknown == 0 or not -_LARGEST <= token <= _LARGEST:
                    return False
            if depth > deepest:
                deepest = depth
            depth = waiting.pop()
        else:
            unknown = arity
            depth += 1
            if arity == 2:
                waiting.append(depth)
    return has_proxy and deepest <= settings.max_depth


def _generation(
    rng: Random, island: Island, judge: Judge, objective: Objective, settings: Settings
) -> Island:
    """Breeds offspring of the population and judges them; the best of all survive."""
    parents = sorted(unique(island.population), key=lambda individual: individual.order)
    offspring: list[Individual] = []
    for tokens in _breed(rng, parents, island.front, judge.proxies, settings):
        if fits(tokens, settings):
            offspring.append(_judged(tokens, judge, objective, settings))
    bred = len(offspring)
    for individual in _to_polish(rng, parents, settings.polish):
        better, tried = polish(rng, individual, judge, objective)
        offspring.append(better)
        bred += tried
    return _survivors(island, parents, offspring, bred, settings)


def _judged(tokens: Tokens, judge: Judge, objective: Objective, settings: Settings) -> Individual:
    """Judges a formula or its negation, the one that ranks better, or as it is if that would break the limits."""
    individual = judged(tokens, judge, objective)
    if individual.tokens is tokens or fits(individual.tokens, settings):
        return individual
    return judged_as_it_is(tokens, judge, objective)


def _breed(
    rng: Random,
    parents: Sequence[Individual],
    front: Sequence[Individual],
    proxies: tuple[str, ...],
    settings: Settings,
) -> Iterator[Tokens]:
    """Yields the offspring of selected parents, whether they fit the limits or not."""
    words = Vocabulary(proxies)
    chosen = _select(rng, parents, 2 * settings.offspring, settings)
    # Children of the same mother share most parts: bred in turn, they find these in the CPU's cache.
    mothers = sorted(chosen[::2], key=lambda individual: individual.order)
    for mother, father in zip(mothers, chosen[1::2], strict=True):
        if front and rng.random() < _FROM_FRONT:
            mother = pick(rng, front)
        draw = rng.random()
        if draw < settings.crossover:
            yield cross_over(rng, mother.tokens, father.tokens)
        elif draw < settings.crossover + settings.constants:
            yield perturb_constants(rng, mother.tokens, words)
        else:
            yield mutate(rng, mother.tokens, words)


def _select(rng: Random, parents: Sequence[Individual], count: int, settings: Settings) -> list[Individual]:
    generator = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
    correlations = np.array([parent.correlations for parent in parents])
    objectives = np.array([parent.objective for parent in parents])
    shares = [count // len(settings.selection)] * len(settings.selection)
    shares[0] += count - sum(shares)
    chosen = np.concatenate(
        [
            SELECTIONS[name](correlations, objectives, share, generator)
            for name, share in zip(settings.selection, shares, strict=True)
        ]
    )
    return [parents[i] for i in generator.permutation(chosen)]


def _to_polish(rng: Random, parents: Sequence[Individual], count: int) -> list[Individual]:
    """The formulas whose constants to improve: good formulas, the best most often."""
    return [parents[int(rng.random() ** 2 * len(parents))] for _ in range(count)]


def _survivors(
    island: Island,
    parents: Sequence[Individual],
    offspring: Sequence[Individual],
    bred: int,
    settings: Settings,
) -> Island:
    """The island with the best of parents and offspring, no two ranking alike or differing in constants alone."""
    best, *others = sorted(unique([*parents, *offspring]), key=lambda individual: individual.order)
    # In formulas of the maximum size, useless parts take the room of useful parts.
    others.sort(key=lambda individual: settings.parsimony * len(individual.tokens) - individual.objective)
    # One formula per shape: otherwise variants of the best formula with other constants soon fill the population.
    candidates = list(islice(one_of_each_shape([best, *others]), settings.population))
    # Rewriting is worth its time only for new survivors.
    before = set(map(id, parents))
    population = [
        individual if id(individual) in before else _shortened(individual, settings)
        for individual in candidates
    ]
    population.sort(key=lambda individual: individual.order)
    return replace(
        island,
        population=tuple(population),
        front=pareto_front([*island.front, *offspring, *population]),
        evaluations=island.evaluations + bred,
    )


def _shortened(individual: Individual, settings: Settings) -> Individual:
    """The formula with fewer tokens; as it is where these would nest too deep."""
    short = shortened(individual)
    return short if fits(short.tokens, settings) else individual
