"""How new formulas are made: random growth, crossover, mutations, and a local search over constants.

Formulas are token tuples in prefix order, so a subexpression is a slice and every operator a few slices. All
randomness comes from the generator that is passed in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from random import Random
from types import MappingProxyType
from typing import TypeVar

from rayzc.evolution.fitness import Judge
from rayzc.evolution.individual import Individual, judged_as_it_is
from rayzc.evolution.objectives import Objective
from rayzc.formula import PRIMITIVES, Tokens, arities, subtree_end

__all__ = [
    "OPERATORS",
    "Vocabulary",
    "cross_over",
    "grow",
    "moved",
    "mutate",
    "perturb_constants",
    "pick",
    "polish",
    "rounded",
]

Item = TypeVar("Item")

_TRIALS = 16
_FACTORS = (0.5, 0.7, 0.9, 0.97, 1.03, 1.1, 1.4, 2.0)


@dataclass(frozen=True)
class Vocabulary:
    """The names and constants that formulas are made of.

    Attributes:
        proxies: names of the proxies.
        unary: names of the primitives of one operand.
        binary: names of the primitives of two operands.
        constants: probability that a leaf is a constant.
    """

    proxies: tuple[str, ...]
    unary: tuple[str, ...] = tuple(name for name, p in PRIMITIVES.items() if p.arity == 1)
    binary: tuple[str, ...] = tuple(name for name, p in PRIMITIVES.items() if p.arity == 2)
    constants: float = 0.15


def pick(rng: Random, items: Sequence[Item]) -> Item:
    """Draws an item uniformly; the same on every version of Python, which ``Random.choice`` is not."""
    return items[int(rng.random() * len(items))]


def constant(rng: Random) -> float:
    """A constant of any sign and of magnitudes from a thousandth to a thousand, to three digits."""
    magnitude = 10.0 ** rng.uniform(-3.0, 3.0)
    return float(f"{magnitude if rng.random() < 0.7 else -magnitude:.3g}")


def leaf(rng: Random, words: Vocabulary) -> str | float:
    """A proxy or a constant."""
    return constant(rng) if rng.random() < words.constants else pick(rng, words.proxies)


def grow(rng: Random, words: Vocabulary, depth: int) -> Tokens:
    """A random formula of at most `depth` levels; no primitive has constants alone for operands."""
    if depth <= 1 or rng.random() < 0.2:
        return (pick(rng, words.proxies),)
    if rng.random() < 0.4:
        return (pick(rng, words.unary), *grow(rng, words, depth - 1))
    left = grow(rng, words, depth - 1)
    right: Tokens = (constant(rng),) if rng.random() < words.constants else grow(rng, words, depth - 1)
    if rng.random() < 0.5:
        left, right = right, left
    return (pick(rng, words.binary), *left, *right)


def cross_over(rng: Random, tokens: Tokens, other: Tokens) -> Tokens:
    """Subtree crossover: replaces a part of the first parent by a part of the second (Koza, 1992)."""
    start, end = _part(rng, tokens)
    begin, stop = _part(rng, other)
    return tokens[:start] + other[begin:stop] + tokens[end:]


def mutate_subtree(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """Replaces a part by a small random formula."""
    start, end = _part(rng, tokens)
    return tokens[:start] + grow(rng, words, 1 + int(rng.random() * 3)) + tokens[end:]


def mutate_point(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """Replaces a token by another of the same arity."""
    place = int(rng.random() * len(tokens))
    arity = arities(tokens[place : place + 1])[0]
    token = leaf(rng, words) if arity == 0 else pick(rng, words.unary if arity == 1 else words.binary)
    return (*tokens[:place], token, *tokens[place + 1 :])


def mutate_hoist(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """Keeps a part and drops the rest."""
    start, end = _part(rng, tokens)
    return tokens[start:end]


def mutate_shrink(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """Replaces a part by a smaller part of it."""
    inner = [place for place, arity in enumerate(arities(tokens)) if arity]
    if not inner:
        return tokens
    start = pick(rng, inner)
    end = subtree_end(tokens, start)
    begin = start + 1 + int(rng.random() * (end - start - 1))
    return tokens[:start] + tokens[begin : subtree_end(tokens, begin)] + tokens[end:]


def mutate_insert(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """Makes a part an operand of a new primitive."""
    start, end = _part(rng, tokens)
    part = tokens[start:end]
    if rng.random() < 0.35:
        wrapped: Tokens = (pick(rng, words.unary), *part)
    else:
        new = grow(rng, words, 1 + int(rng.random() * 2))
        new = (constant(rng),) if rng.random() < words.constants else new
        name = pick(rng, words.binary)
        wrapped = (name, *part, *new) if rng.random() < 0.5 else (name, *new, *part)
    return tokens[:start] + wrapped + tokens[end:]


def add_term(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """Adds a small formula, often weighted, to the whole."""
    term = grow(rng, words, 1 + int(rng.random() * 3))
    draw = rng.random()
    if draw < 0.5:
        return ("+", *tokens, "*", constant(rng), *term)
    return ("+" if draw < 0.75 else "-" if draw < 0.9 else "*", *tokens, *term)


def mutate(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """Applies a random mutation; those that most often improve a formula are drawn most often."""
    return pick(rng, _OPERATORS)(rng, tokens, words)


def perturb_constants(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """Moves a constant, mostly by a little; where there is none, multiplies a part by a new constant."""
    places = [place for place, token in enumerate(tokens) if isinstance(token, float)]
    if not places:
        start, _ = _part(rng, tokens)
        return (*tokens[:start], "*", constant(rng), *tokens[start:])
    place = pick(rng, places)
    value = tokens[place]
    assert isinstance(value, float)
    return (*tokens[:place], moved(rng, value), *tokens[place + 1 :])


def moved(rng: Random, value: float) -> float:
    """A constant near `value`, to three digits; sometimes of the other sign."""
    if rng.random() < 0.05:
        return -value or 0.0
    width = 10.0 ** rng.uniform(-2.0, 0.0)
    return rounded((value or 0.01) * (1.0 + width * rng.gauss(0.0, 1.0)), digits=3, otherwise=value)


def rounded(value: float, digits: int, otherwise: float) -> float:
    """A constant rounded to significant digits: never -0.0, and `otherwise` where it would overflow."""
    short = float(f"{value:.{digits}g}")
    return (short or 0.0) if isfinite(short) else otherwise


def polish(rng: Random, individual: Individual, judge: Judge, objective: Objective) -> tuple[Individual, int]:
    """Improves the constants of a formula by a pattern search (Hooke and Jeeves, 1961) that takes what is better.

    A constant that a factor improves is multiplied by it again. Rank correlations are step functions of the
    constants, so there is no gradient to follow.

    Args:
        rng: chooses the constants and the factors.
        individual: the formula.
        judge: judges formulas on the tables.
        objective: what is maximised.

    Returns:
        the improved formula, or the same, and the number of formulas that were judged.
    """
    places = [place for place, token in enumerate(individual.tokens) if isinstance(token, float)]
    if not places:
        return individual, 0
    again: tuple[int, float] | None = None
    for _ in range(_TRIALS):
        place, factor = again or (pick(rng, places), pick(rng, _FACTORS))
        value = float(individual.tokens[place])
        tried = rounded(value * factor, digits=4, otherwise=value) if value else factor - 1.0
        other = judged_as_it_is(
            (*individual.tokens[:place], tried, *individual.tokens[place + 1 :]), judge, objective
        )
        better = other.objective > individual.objective
        individual = other if better else individual
        again = (place, factor) if better else None
    return individual, _TRIALS


def _part(rng: Random, tokens: Tokens) -> tuple[int, int]:
    """Bounds of a random part of a formula."""
    start = int(rng.random() * len(tokens))
    return start, subtree_end(tokens, start)


OPERATORS: Mapping[str, Callable[[Random, Tokens, Vocabulary], Tokens]] = MappingProxyType(
    {
        "subtree": mutate_subtree,
        "point": mutate_point,
        "hoist": mutate_hoist,
        "shrink": mutate_shrink,
        "insert": mutate_insert,
        "constant": perturb_constants,
        "term": add_term,
    }
)
"""The mutations by name."""

# What adds to a formula finds improvements many times as often as what takes away from it or replaces a part.
_SHARES = {"subtree": 2, "point": 2, "hoist": 1, "shrink": 1, "insert": 6, "constant": 1, "term": 4}
_OPERATORS = tuple(OPERATORS[name] for name, share in _SHARES.items() for _ in range(share))
