"""Where a search moves: the interface, and a whole search space; :mod:`~rayzc.nas.table_domain` is a table."""

from collections.abc import Callable, Set
from functools import lru_cache
from typing import Protocol

import numpy as np

from rayzc.spaces import SearchSpace, find_space

__all__ = ["Domain", "SpaceDomain", "network_key"]

_TRIES = 300


class Domain(Protocol):
    """A set of architectures, each written as the suite writes it, and the moves among them.

    Moves take the keys of all networks seen so far, and return a network that is not among them: a network with several
    encodings counts once.
    """

    @property
    def space(self) -> str:
        """Name of the search space."""
        ...

    def key(self, architecture: str) -> str:
        """The same text for all encodings of a network."""
        ...

    def sample(self, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """Draws an unseen architecture; None if all are seen."""
        ...

    def neighbours(self, architecture: str) -> tuple[str, ...]:
        """The other networks that a single move leads to, each once, always in the same order."""
        ...

    def mutate(self, architecture: str, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """Draws an unseen neighbour, or an unseen architecture further away; None if all are seen."""
        ...

    def cross_over(self, first: str, second: str, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """Crosses two architectures: an unseen child, or an unseen architecture near it; None if all are seen."""
        ...


class SpaceDomain:
    """All architectures of a search space, with the space's own moves.

    Attributes:
        searched: the search space.
    """

    def __init__(self, searched: SearchSpace) -> None:
        self.searched = searched
        self.key = lru_cache(maxsize=1 << 17)(lambda text: searched.key(searched.parse(text)))
        self.neighbours = lru_cache(maxsize=1 << 12)(self._neighbours)

    def __reduce__(self) -> tuple[type["SpaceDomain"], tuple[SearchSpace]]:
        """Pickles only the space, without cached data."""
        return type(self), (self.searched,)

    @property
    def space(self) -> str:
        """Name of the search space."""
        return self.searched.name

    def sample(self, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """Draws an element whose network is not seen, each element with the same probability."""
        for _ in range(_TRIES):
            text = self.searched.format(self.searched.sample(rng))
            if self.key(text) not in seen:
                return text
        # Nearly all are seen: draw evenly from the rest while going through all (reservoir sampling).
        chosen, left = None, 0
        for element in self.searched.enumerate():
            text = self.searched.format(element)
            if self.key(text) not in seen:
                left += 1
                if rng.integers(left) == 0:
                    chosen = text
        return chosen

    def _neighbours(self, architecture: str) -> tuple[str, ...]:
        own = self.key(architecture)
        found: dict[str, str] = {}
        for element in self.searched.neighbours(self.searched.parse(architecture)):
            text = self.searched.format(element)
            found.setdefault(self.key(text), text)
        found.pop(own, None)
        return tuple(found.values())

    def mutate(self, architecture: str, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """Draws an unseen neighbour, else an unseen neighbour of a neighbour, else any unseen element."""
        around = self.neighbours(architecture)
        unseen = [text for text in around if self.key(text) not in seen]
        if unseen:
            return unseen[int(rng.integers(len(unseen)))]
        for place in rng.permutation(len(around)):
            unseen = [text for text in self.neighbours(around[place]) if self.key(text) not in seen]
            if unseen:
                return unseen[int(rng.integers(len(unseen)))]
        return self.sample(rng, seen)

    def cross_over(self, first: str, second: str, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """Crosses as the space does, and mutates the child if it is seen."""
        space = self.searched
        child = space.format(space.cross_over(space.parse(first), space.parse(second), rng))
        return self.mutate(child, rng, seen) if self.key(child) in seen else child


def network_key(space: str) -> Callable[[str], str]:
    """The key that tells networks of a space apart: the canonical encoding; any text where the space is unknown."""
    known = find_space(space)
    return str if known is None else known.encoding.key
