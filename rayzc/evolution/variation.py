"""How new formulas come from old ones: random growth, crossover, mutations.

Formulas are token tuples in prefix order, so a subexpression is a slice and every operator a few slices. All
randomness comes from the generator that is passed in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from random import Random
from types import MappingProxyType
from typing import TypeVar

from rayzc.formula import PRIMITIVES, arities, subtree_end

__all__ = [
    "OPERATORS",
    "Vocabulary",
    "cross_over",
    "grow",
    "moved",
    "mutate",
    "perturb_constants",
    "pick",
    "rounded",
]

Tokens = tuple[str | float, ...]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Vocabulary:
    """What formulas may be made of.

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
    """One of the items, uniformly; the same on every version of Python, which ``Random.choice`` is not."""
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
    """Subtree crossover: a part of the first parent gives way to a part of the second (Koza, 1992)."""
    start, end = _part(rng, tokens)
    begin, stop = _part(rng, other)
    return tokens[:start] + other[begin:stop] + tokens[end:]


def mutate_subtree(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """A part gives way to a small random formula."""
    start, end = _part(rng, tokens)
    return tokens[:start] + grow(rng, words, 1 + int(rng.random() * 3)) + tokens[end:]


def mutate_point(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """One token gives way to another of the same arity."""
    place = int(rng.random() * len(tokens))
    arity = arities(tokens[place : place + 1])[0]
    token = leaf(rng, words) if arity == 0 else pick(rng, words.unary if arity == 1 else words.binary)
    return (*tokens[:place], token, *tokens[place + 1 :])


def mutate_hoist(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """A part becomes the whole."""
    start, end = _part(rng, tokens)
    return tokens[start:end]


def mutate_shrink(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """A part gives way to a smaller one within it."""
    inner = [place for place, arity in enumerate(arities(tokens)) if arity]
    if not inner:
        return tokens
    start = pick(rng, inner)
    end = subtree_end(tokens, start)
    begin = start + 1 + int(rng.random() * (end - start - 1))
    return tokens[:start] + tokens[begin : subtree_end(tokens, begin)] + tokens[end:]


def mutate_insert(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """A part becomes an operand of a new primitive."""
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
    """A weighted small formula is added to the whole."""
    term = grow(rng, words, 1 + int(rng.random() * 3))
    draw = rng.random()
    if draw < 0.5:
        return ("+", *tokens, "*", constant(rng), *term)
    return ("+" if draw < 0.75 else "-" if draw < 0.9 else "*", *tokens, *term)


def mutate(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """One of the mutations, those that most often lead to something better most often."""
    return pick(rng, _OPERATORS)(rng, tokens, words)


def perturb_constants(rng: Random, tokens: Tokens, words: Vocabulary) -> Tokens:
    """One constant moves, mostly by a little; a formula without constants weighs one of its parts instead."""
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
    """A constant to so many digits: never -0.0, and `otherwise` where it is too large for a float64."""
    short = float(f"{value:.{digits}g}")
    return (short or 0.0) if isfinite(short) else otherwise


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
