"""How a search chooses the next architectures: four algorithms, each a pure function of what was evaluated before.

Populations, generations and positions follow from the history, and randomness from the seed and the number of the
proposal. So an algorithm keeps no state: a search that was saved and restored continues identically, however fast
measurements come. A new algorithm is one function and its line in :data:`ALGORITHMS`.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from rayzc.measurement import Measurement
from rayzc.nas.domain import Domain
from rayzc.nas.objectives import best_first
from rayzc.options.searching import AlgorithmSettings

__all__ = ["ALGORITHMS", "Algorithm", "Evaluation", "Moves", "Proposal", "next_batch"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An architecture to evaluate.

    Attributes:
        architecture: its encoding.
        key: what all encodings of the network share, see :meth:`Domain.key`.
        parent: key of its (first) parent; None if it was drawn at random.
    """

    architecture: str
    key: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A proposed architecture, and how good it is.

    Attributes:
        proposal: the architecture.
        measurement: its scores by the proxies of the search.
        score: by the formula, the larger the better; -inf where it is not finite or a proxy failed.
        values: all objectives, to be maximised; -inf where a constraint is not met or an objective is not finite.
        met: whether it meets all constraints.
    """

    proposal: Proposal
    measurement: Measurement
    score: float
    values: tuple[float, ...]
    met: bool

    @property
    def architecture(self) -> str:
        """The encoding of the architecture."""
        return self.proposal.architecture

    @property
    def eligible(self) -> bool:
        """Whether it may be a result or a parent: it meets all constraints, and all objectives are finite."""
        return self.values[0] != -np.inf


History = Sequence[Evaluation]
"""Everything evaluated so far, in the order of the proposals."""

Pending = Sequence[Proposal]
"""The proposals after these, which are not evaluated yet."""


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves of a domain to architectures that were not proposed before; None where all were.

    Attributes:
        domain: where to move.
        rng: the random generator of one proposal.
        seen: the keys of all proposals so far, evaluated or pending.
    """

    domain: Domain
    rng: np.random.Generator
    seen: Set[str]

    def sample(self) -> Proposal | None:
        """Draws an architecture at random."""
        return self.to(self.domain.sample(self.rng, self.seen))

    def mutate(self, parent: Proposal) -> Proposal | None:
        """Draws a neighbour of an architecture."""
        return self.to(self.domain.mutate(parent.architecture, self.rng, self.seen), parent)

    def cross_over(self, first: Proposal, second: Proposal) -> Proposal | None:
        """Crosses two architectures; the first counts as the parent."""
        child = self.domain.cross_over(first.architecture, second.architecture, self.rng, self.seen)
        return self.to(child, first)

    def to(self, architecture: str | None, parent: Proposal | None = None) -> Proposal | None:
        """Proposes an architecture."""
        if architecture is None:
            return None
        return Proposal(architecture, self.domain.key(architecture), parent.key if parent else None)


class Algorithm(Protocol):
    """Proposes the next architecture: a pure function of the history."""

    def __call__(
        self, history: History, pending: Pending, moves: Moves, settings: AlgorithmSettings
    ) -> Proposal | None:
        """Proposes an architecture that was not proposed before.

        Args:
            history: everything evaluated so far, in the order of the proposals.
            pending: the proposals after these, which are not evaluated yet.
            moves: to architectures that were not proposed, with the random generator of this proposal.
            settings: of the algorithms.

        Returns:
            The proposal; None if it needs the evaluations of `pending` first or, if nothing is pending, if every
            architecture of the domain was proposed.
        """
        ...


def next_batch(
    algorithm: str,
    history: History,
    count: int,
    domain: Domain,
    seed: int,
    settings: AlgorithmSettings,
) -> tuple[Proposal, ...]:
    """Proposes up to `count` architectures that were not proposed before.

    Fewer mean that the algorithm needs their evaluations first; none mean that every architecture of the domain was
    proposed.

    Args:
        algorithm: a name in :data:`ALGORITHMS`.
        history: everything evaluated so far, in the order of the proposals.
        count: the size of the batch.
        domain: where to move.
        seed: of the search.
        settings: of the algorithms.
    """
    seen = {evaluation.proposal.key for evaluation in history}
    pending: list[Proposal] = []
    while len(pending) < count:
        rng = np.random.default_rng([seed, len(history) + len(pending)])
        proposal = ALGORITHMS[algorithm](history, pending, Moves(domain, rng, seen), settings)
        if proposal is None:
            break
        seen.add(proposal.key)
        pending.append(proposal)
    return tuple(pending)


def random_search(
    history: History, pending: Pending, moves: Moves, settings: AlgorithmSettings
) -> Proposal | None:
    """Random search, the baseline: draws from all new architectures, each with the same probability."""
    return moves.sample()


def regularized_evolution(
    history: History, pending: Pending, moves: Moves, settings: AlgorithmSettings
) -> Proposal | None:
    """Regularized (aging) evolution: the oldest die, not the worst (Real et al., AAAI 2019).

    The best of a few living architectures, drawn at random, is mutated; those evaluated last are alive. A batch has its
    parents from those alive when it begins, so the trajectory depends on the size of the batches; with batches of one
    architecture it is the algorithm as published.
    """
    living = [evaluation for evaluation in history[-settings.population :] if evaluation.eligible]
    if len(history) + len(pending) < settings.population or not living:
        return moves.sample()
    size = min(settings.tournament, len(living))
    rivals = [living[i] for i in moves.rng.choice(len(living), size=size, replace=False)]
    parent = _best(rivals).proposal
    return moves.mutate(parent)


def genetic(history: History, pending: Pending, moves: Moves, settings: AlgorithmSettings) -> Proposal | None:
    """Genetic algorithm with generations, selection and survival as in NSGA-II (Deb et al., 2002).

    Parents are drawn, by tournaments of two, from the best of all earlier generations, then crossed or mutated. A
    generation needs the whole one before it, so batches end with generations, and the trajectory does not depend on
    their size.
    """
    size = settings.generation
    earlier = (len(history) + len(pending)) // size * size
    if len(history) < earlier:
        return None
    able = [evaluation for evaluation in history[:earlier] if evaluation.eligible]
    if not able:
        return moves.sample()
    parents = [able[i] for i in best_first([evaluation.values for evaluation in able])[:size]]
    first, second = (parents[int(moves.rng.integers(len(parents), size=2).min())].proposal for _ in range(2))
    if first.key != second.key and moves.rng.random() < settings.crossover:
        return moves.cross_over(first, second)
    return moves.mutate(first)


def local_search(
    history: History, pending: Pending, moves: Moves, settings: AlgorithmSettings
) -> Proposal | None:
    """Local search: evaluates all neighbours, then steps to the best of them (White et al., UAI 2021).

    It climbs from the best of a few random architectures, and starts again in a local optimum. A step goes to a
    neighbour that is at least as good in all objectives and better in one, so it never goes in circles. It needs the
    whole neighbourhood, so batches end with that, and the trajectory does not depend on their size.
    """
    starts = [evaluation for evaluation in history if evaluation.proposal.parent is None]
    waiting = sum(proposal.parent is None for proposal in pending)
    drawn = len(starts) + waiting
    if drawn and drawn % settings.starts == 0:
        if waiting:
            return None
        known = {evaluation.proposal.key: evaluation for evaluation in history}
        able = [evaluation for evaluation in starts[-settings.starts :] if evaluation.eligible]
        while able:
            here = _best(able)
            around = {moves.domain.key(text): text for text in moves.domain.neighbours(here.architecture)}
            unseen = [text for key, text in around.items() if key not in moves.seen]
            if unseen:
                return moves.to(unseen[int(moves.rng.integers(len(unseen)))], here.proposal)
            if any(key not in known for key in around):
                return None
            able = [known[key] for key in around if _dominates(known[key].values, here.values)]
    return moves.sample()


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "regularized_evolution": regularized_evolution,
        "genetic": genetic,
        "local_search": local_search,
        "random": random_search,
    }
)
"""The algorithms by name."""


def _best(candidates: Sequence[Evaluation]) -> Evaluation:
    """The best of these, the first of equals."""
    return candidates[best_first([candidate.values for candidate in candidates])[0]]


def _dominates(values: tuple[float, ...], others: tuple[float, ...]) -> bool:
    return values != others and all(a >= b for a, b in zip(values, others, strict=True))
