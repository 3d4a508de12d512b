"""The rows of a table as a domain: moves go to the nearest rows.

The rows of a table are a random part of their search space and rarely neighbours there. An encoding is read as a
multiset of *parts*, and the distance of two encodings is the number of parts that only one of them has:

- the operation at a place, for spaces whose encoding is a row of codes;
- the edges of a graph with the operations at their ends, in NAS-Bench-101, as its vertices have no fixed places;
- the input and the operation of each edge of a node, in NAS-Bench-301, whose order does not matter;
- the words of the text at their places, in unknown spaces.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence, Set
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SearchError, SuiteError, nearest
from rayzc.nas.domain import network_key
from rayzc.problems import Problem
from rayzc.spaces import find_space

__all__ = ["NEIGHBOURS", "Parts", "TableDomain", "candidate_rows", "parts_of"]

NEIGHBOURS = 8
"""How many of the nearest rows are an architecture's neighbours."""

_WORD = re.compile(r"[A-Za-z_]+|[0-9.]+")


class TableDomain:
    """The candidates of a problem: the networks in its table for which all required proxies were measured.

    Each network counts once; its first row with all the proxies stands for it. Where the table is a random
    part of its space, rows one edit apart are rare, so the neighbours are the :data:`NEIGHBOURS` nearest rows; of rows
    at the same distance the earlier are taken.

    Attributes:
        problem: the table.
        rows: ``(candidates,)`` row of each candidate in the table.
        architectures: encoding of each candidate.
    """

    def __init__(self, problem: Problem, proxies: Iterable[str]) -> None:
        """Finds the candidates.

        Raises:
            SearchError: the table lacks a proxy, or no row has all of them.
        """
        self.problem, self.proxies = problem, tuple(proxies)
        for proxy in self.proxies:
            if proxy not in problem.has:
                raise SearchError(
                    f"the table of {problem.name} has no proxy '{proxy}'; {nearest(proxy, sorted(problem.has))}"
                )
        rows = candidate_rows(problem, self.proxies)
        _, first = np.unique(problem.groups[rows], return_index=True)
        self.rows: NDArray[np.int64] = rows[np.sort(first)]
        self.architectures: tuple[str, ...] = tuple(problem.architectures[row] for row in self.rows)
        self._text_key = network_key(problem.space)
        # Where the space is unknown, only their group tells that two rows are one network.
        self._keys = tuple(self._text_key(text) for text in self.architectures)
        by_group = dict(zip(problem.groups[self.rows].tolist(), self._keys, strict=True))
        self._key_of: dict[str, str] = {
            text: by_group[group]
            for text, group in zip(problem.architectures, problem.groups.tolist(), strict=True)
            if group in by_group
        }
        self._place = {key: place for place, key in enumerate(self._keys)}
        self._parts = Parts(problem.space, self.architectures)
        self._distances: Callable[[str], NDArray[np.int64]] = lru_cache(maxsize=2048)(self._parts.distances)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the table alone; what follows from it is computed where it arrives."""
        return type(self), (self.problem, self.proxies)

    @property
    def space(self) -> str:
        """Name of the search space."""
        return self.problem.space

    @property
    def size(self) -> int:
        """Number of networks that are candidates."""
        return len(self.rows)

    def key(self, architecture: str) -> str:
        """The canonical encoding; in an unknown space, the encoding of the network's first candidate."""
        return self._key_of.get(architecture) or self._text_key(architecture)

    def row(self, key: str) -> int:
        """The row of the candidate with this key.

        Raises:
            SearchError: there is no such candidate.
        """
        if key not in self._place:
            raise SearchError(f"{self.problem.name} has no candidate '{key}'")
        return int(self.rows[self._place[key]])

    def sample(self, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """Draws an unseen candidate, each with the same probability."""
        unseen = self._unseen(seen)
        return self.architectures[int(rng.choice(unseen))] if unseen.size else None

    def neighbours(self, architecture: str) -> tuple[str, ...]:
        """The nearest candidates, the nearest first."""
        distances = self._distances(architecture)
        near = np.argsort(distances, kind="stable")
        own = self._place.get(self.key(architecture), -1)
        return tuple(self.architectures[place] for place in near[: NEIGHBOURS + 1] if place != own)[
            :NEIGHBOURS
        ]

    def mutate(self, architecture: str, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """Draws an unseen neighbour, each with the same probability; if all are seen, the nearest unseen candidate."""
        unseen = [text for text in self.neighbours(architecture) if self.key(text) not in seen]
        if unseen:
            return unseen[int(rng.integers(len(unseen)))]
        return self._nearest(self._distances(architecture), rng, seen)

    def cross_over(self, first: str, second: str, rng: np.random.Generator, seen: Set[str]) -> str | None:
        """The unseen candidate nearest to the space's own child, or nearest to both parents if the space is unknown."""
        space = find_space(self.space)
        if space is not None:
            child = space.cross_over(space.parse(first), space.parse(second), rng)
            distances = self._parts.distances(space.format(child))
        else:
            distances = np.maximum(self._distances(first), self._distances(second))
        return self._nearest(distances, rng, seen)

    def _nearest(self, distances: NDArray[np.int64], rng: np.random.Generator, seen: Set[str]) -> str | None:
        """The unseen candidate that is nearest; chance decides among equals."""
        unseen = self._unseen(seen)
        if not unseen.size:
            return None
        far = distances[unseen]
        near: NDArray[np.int64] = unseen[far == far.min()]
        place = int(near[rng.integers(near.size)])
        return self.architectures[place]

    def _unseen(self, seen: Set[str]) -> NDArray[np.int64]:
        mask = np.ones(self.size, dtype=bool)
        mask[[self._place[key] for key in seen if key in self._place]] = False
        return np.flatnonzero(mask)


def candidate_rows(problem: Problem, proxies: Iterable[str]) -> NDArray[np.int64]:
    """The rows of a table that have all of these proxies, ``(rows,)``.

    Raises:
        SearchError: the table lacks a proxy, or no row has all of them.
    """
    names = tuple(proxies)
    if not len(problem):
        raise SearchError(f"the table of {problem.name} lists no architecture")
    try:
        columns = [problem.column(name) for name in names]
    except SuiteError as error:
        raise SearchError(str(error)) from None
    missing = np.zeros(len(problem), dtype=bool)
    for column in columns:
        missing |= np.isnan(column)
    if missing.all():
        raise SearchError(f"no architecture in the table of {problem.name} has all of {', '.join(names)}")
    return np.flatnonzero(~missing)


class Parts:
    """The parts of many architectures as counts, to compare an architecture with all of them at once.

    Attributes:
        space: name of the search space.
        counts: ``(architectures, parts)``.
    """

    def __init__(self, space: str, architectures: Sequence[str]) -> None:
        self.space = space
        counters = [parts_of(space, text) for text in architectures]
        self._columns = {
            part: column for column, part in enumerate(dict.fromkeys(p for c in counters for p in c))
        }
        self.counts: NDArray[np.int16] = np.zeros((len(counters), len(self._columns)), dtype=np.int16)
        for row, counter in enumerate(counters):
            for part, count in counter.items():
                self.counts[row, self._columns[part]] = count

    def distances(self, architecture: str) -> NDArray[np.int64]:
        """How far each of the architectures is from this one, ``(architectures,)``.

        Parts that none of them has add the same to all distances, and are not counted.
        """
        counts = np.zeros(len(self._columns), dtype=np.int16)
        for part, count in parts_of(self.space, architecture).items():
            if part in self._columns:
                counts[self._columns[part]] = count
        distances: NDArray[np.int64] = np.abs(self.counts - counts).sum(axis=1, dtype=np.int64)
        return distances


def parts_of(space: str, architecture: str) -> Counter[Hashable]:
    """The parts of a network, as its search space has them; the words of the text where the space is unknown."""
    known = find_space(space)
    if known is None:
        return Counter(enumerate(_WORD.findall(architecture)))
    return known.parts(known.parse(architecture))
