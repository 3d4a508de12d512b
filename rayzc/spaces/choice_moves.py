"""Moves among architectures of a user's search space: one edit away, and children of two parents."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from rayzc.spaces.choice_tree import Met, Tree

__all__ = ["LIMIT", "completions", "crossed", "neighbours_at"]

LIMIT = 64
"""Choices that an edit brings in have all options if these make at most this many architectures, else the first."""


def neighbours_at(tree: Tree, architecture: Sequence[int], place: int) -> list[tuple[int, ...]]:
    """The architectures with another option in one choice, and all others that both have the same.

    Being neighbours is mutual: where an edit would bring in or take away choices with more than :data:`LIMIT` ways to
    make them, they have to have their first options.
    """
    met = _met(tree, architecture)
    path, options, old = met[place].path, met[place].options, architecture[place]
    others = [option for option in range(len(options.values)) if option != old]
    if not options.controls and not any(options.nested):
        # Nothing depends on it: the fast way for nearly all choices.
        return [(*architecture[:place], option, *architecture[place + 1 :]) for option in others]
    paths = {each.path: option for each, option in zip(met, architecture, strict=True)}
    found: list[tuple[int, ...]] = []
    for option in others:
        there = {**paths, path: option}
        reached = list(islice(completions(tree, there), LIMIT + 1))
        if len(reached) > LIMIT:
            reached = [_first(tree, there)]
        found += [each for each in reached if _returns(tree, paths, each, path, old)]
    return found


def crossed(
    tree: Tree, first: Sequence[int], second: Sequence[int], rng: np.random.Generator
) -> tuple[int, ...]:
    """A child that takes each choice from a parent that has it, and others by chance."""
    parents = [_paths(tree, first), _paths(tree, second)]
    chosen: list[int] = []

    def choose(met: Met) -> int:
        have = [parent[met.path] for parent in parents if met.path in parent]
        place = have[int(rng.integers(len(have)))] if have else int(rng.integers(len(met.options.values)))
        chosen.append(place)
        return place

    tree.walk(choose)
    return tuple(chosen)


def _returns(tree: Tree, paths: dict[str, int], reached: Sequence[int], path: str, old: int) -> bool:
    """Whether the edit that goes back has what it comes from among its ends."""
    there = _paths(tree, reached)
    gone = [paths[name] for name in paths if name not in there]
    if not any(gone):
        return True
    back = islice(completions(tree, {**there, path: old}), LIMIT + 1)
    return sum(1 for _ in back) <= LIMIT


def _met(tree: Tree, architecture: Sequence[int]) -> list[Met]:
    """The choices that exist for an architecture, in order."""
    found: list[Met] = []

    def choose(met: Met) -> int:
        found.append(met)
        return architecture[len(found) - 1]

    tree.walk(choose)
    return found


def _paths(tree: Tree, architecture: Sequence[int]) -> dict[str, int]:
    """The chosen option of each choice, by its path, in order."""
    met = _met(tree, architecture)
    return {each.path: option for each, option in zip(met, architecture, strict=True)}


def _first(tree: Tree, known: dict[str, int]) -> tuple[int, ...]:
    return next(completions(tree, known))


def completions(tree: Tree, known: dict[str, int]) -> Iterator[tuple[int, ...]]:
    """All architectures with these options, and any in the choices that are not known."""
    prefix: list[int] = []
    while True:
        chosen, free, sizes = _completed(tree, known, prefix)
        yield chosen
        last = len(free) - 1
        while last >= 0 and free[last] + 1 == sizes[last]:
            last -= 1
        if last < 0:
            return
        prefix = [*free[:last], free[last] + 1]


def _completed(
    tree: Tree, known: dict[str, int], prefix: Sequence[int]
) -> tuple[tuple[int, ...], list[int], list[int]]:
    """The architecture with these options, the options of the choices that are not known, and how many these have."""
    chosen: list[int] = []
    free: list[int] = []
    sizes: list[int] = []

    def choose(met: Met) -> int:
        place = known.get(met.path)
        if place is None:
            place = prefix[len(free)] if len(free) < len(prefix) else 0
            free.append(place)
            sizes.append(len(met.options.values))
        chosen.append(place)
        return place

    tree.walk(choose)
    return tuple(chosen), free, sizes
