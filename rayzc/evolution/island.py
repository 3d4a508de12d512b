"""An island is a value, and one epoch of its evolution a pure function.

:func:`step` takes an island and the immigrants that reach it, and gives the island one epoch later. Every random
number comes from (seed, island, epoch), so who computes a step, when, and how often, changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random

import numpy as np

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
from rayzc.evolution.objectives import Objective
from rayzc.evolution.polish import polish
from rayzc.evolution.selection import SELECTIONS
from rayzc.evolution.variation import Vocabulary, cross_over, grow, mutate, perturb_constants, pick
from rayzc.formula import PRIMITIVES, Formula
from rayzc.options.breeding import Settings

__all__ = ["Island", "emigrants", "fits", "settle", "step"]

Tokens = tuple[str | float, ...]

_STARTING_DEPTH = 4
_FROM_FRONT = 0.1
# Beside a constant like 1e16, what is added to it loses its digits, and other digits on another kind of processor.
_LARGEST = 1e6
_ARITY: dict[str | float, int] = {name: primitive.arity for name, primitive in PRIMITIVES.items()}


@dataclass(frozen=True, slots=True)
class Island:
    """A subpopulation between two epochs.

    Attributes:
        index: which island it is.
        epoch: how many epochs it has seen.
        population: its formulas, the best first, no two ranking alike.
        front: the best formula of each complexity, the simplest first, each better than all simpler ones.
        evaluations: how many formulas were bred and judged on it so far.
    """

    index: int
    epoch: int
    population: tuple[Individual, ...]
    front: tuple[Individual, ...]
    evaluations: int


def settle(index: int, judge: Judge, settings: Settings) -> Island:
    """The island at epoch 0: the bare proxies, the user's formulas, and random ones.

    Args:
        index: which island.
        judge: judges formulas on the tables.
        settings: the choices of the breeding.
    """
    rng = Random(f"settle/{settings.seed}/{index}")
    objective = settings.objective_function()
    words = Vocabulary(judge.proxies)
    given = [Formula.parse(text).tokens for text in settings.seeds]
    tokens: list[Tokens] = [*((proxy,) for proxy in judge.proxies), *given]
    while len(tokens) < 2 * settings.population:
        tokens.append(grow(rng, words, _STARTING_DEPTH))
    founders = [_judged(t, judge, objective, settings) for t in tokens if fits(t, settings)]
    # Where an outer function overflows or saturates, a formula that is stripped ranks unlike the one given.
    founders += [judged_as_it_is(t, judge, objective) for t in given]
    return _survivors(Island(index, 0, (), (), 0), (), founders, len(founders), settings)


def step(island: Island, immigrants: Iterable[Individual], judge: Judge, settings: Settings) -> Island:
    """One epoch: immigrants arrive, and some generations follow each other.

    Args:
        island: the island before.
        immigrants: emigrants of its neighbours.
        judge: judges formulas on the tables; what it remembers changes only how fast it answers.
        settings: the choices of the breeding.

    Returns:
        the island after.
    """
    rng = Random(f"step/{settings.seed}/{island.index}/{island.epoch}")
    objective = settings.objective_function()
    arrived = replace(island, population=(*island.population, *immigrants))
    for _ in range(settings.generations):
        arrived = _generation(rng, arrived, judge, objective, settings)
    return replace(arrived, epoch=island.epoch + 1)


def emigrants(island: Island, settings: Settings) -> tuple[Individual, ...]:
    """Those that leave the island as copies: its best, at least one unless the rate is 0."""
    count = round(settings.migration_rate * settings.population)
    return island.population[: max(1, count) if settings.migration_rate else 0]


def fits(tokens: Tokens, settings: Settings) -> bool:
    """Whether a formula keeps to the limits of size and depth, has a proxy in it, and no monstrous constant.

    Nor may a primitive have constants alone for operands: one constant does the same, and that may be monstrous.
    """
    if len(tokens) > settings.max_size:
        return False
    arity_of = _ARITY.get
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
    """Offspring are bred of the population and judged, and the best of all live on."""
    parents = sorted(unique(island.population), key=lambda one: one.order)
    offspring: list[Individual] = []
    for tokens in _breed(rng, parents, island.front, judge.proxies, settings):
        if fits(tokens, settings):
            offspring.append(_judged(tokens, judge, objective, settings))
    bred = len(offspring)
    for one in _to_polish(rng, parents, settings.polish):
        better, tried = polish(rng, one, judge, objective)
        offspring.append(better)
        bred += tried
    return _survivors(island, parents, offspring, bred, settings)


def _judged(tokens: Tokens, judge: Judge, objective: Objective, settings: Settings) -> Individual:
    """Judges a formula the right way up, or as it is where turning it over would break the limits."""
    one = judged(tokens, judge, objective)
    if one.tokens is tokens or fits(one.tokens, settings):
        return one
    return judged_as_it_is(tokens, judge, objective)


def _breed(
    rng: Random,
    parents: Sequence[Individual],
    front: Sequence[Individual],
    proxies: tuple[str, ...],
    settings: Settings,
) -> Iterator[Tokens]:
    """Offspring of selected parents, one after the other; some fit and some do not."""
    words = Vocabulary(proxies)
    chosen = _select(rng, parents, 2 * settings.offspring, settings)
    # Children of one mother share most of their parts: one after the other, they find them in the CPU's cache.
    mothers = sorted(chosen[::2], key=lambda one: one.order)
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
    correlations = np.array([one.correlations for one in parents])
    objectives = np.array([one.objective for one in parents])
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
    """Which formulas get their constants improved: good ones, the best most often."""
    return [parents[int(rng.random() ** 2 * len(parents))] for _ in range(count)]


def _survivors(
    island: Island,
    parents: Sequence[Individual],
    offspring: Sequence[Individual],
    bred: int,
    settings: Settings,
) -> Island:
    """The island with the best of parents and offspring, no two ranking alike or differing in constants alone."""
    best, *others = sorted(unique([*parents, *offspring]), key=lambda one: one.order)
    # Where formulas are as large as they may be, parts that add nothing take the room of parts that would.
    others.sort(key=lambda one: settings.parsimony * len(one.tokens) - one.objective)
    # One of each shape: else the best formula, its constants a little moved, soon is the whole population.
    candidates = list(islice(one_of_each_shape([best, *others]), settings.population))
    # Rewriting is worth its time only for what lives on and was not there before.
    before = set(map(id, parents))
    population = [one if id(one) in before else _shortened(one, settings) for one in candidates]
    population.sort(key=lambda one: one.order)
    return replace(
        island,
        population=tuple(population),
        front=pareto_front([*island.front, *offspring, *population]),
        evaluations=island.evaluations + bred,
    )


def _shortened(one: Individual, settings: Settings) -> Individual:
    """Fewer tokens may nest deeper, and then the formula stays as it is."""
    short = shortened(one)
    return short if fits(short.tokens, settings) else one
