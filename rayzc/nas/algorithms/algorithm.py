"""The interface of a search algorithm, and the state that all algorithms share."""

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from rayzc.errors import SearchError
from rayzc.nas.domain import Domain
from rayzc.nas.jsonable import SCHEMA_VERSION, packed, read_document, unpacked
from rayzc.options.searching import AlgorithmSettings

__all__ = ["Algorithm", "AlgorithmSettings", "Proposal", "State", "Told"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An architecture to evaluate.

    Attributes:
        architecture: its encoding.
        key: what all encodings of the network share, see :meth:`Domain.key`.
        parent: key of the (first) architecture that it was made of; None if it was drawn at random.
    """

    architecture: str
    key: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A proposal, and what became of it.

    Attributes:
        proposal: what was proposed.
        values: the objectives, all to be maximised; -inf in the first for what must not become a parent.
    """

    proposal: Proposal
    values: tuple[float, ...]

    @property
    def may_be_parent(self) -> bool:
        """Whether it met all constraints and could be scored."""
        return self.values[0] != -np.inf


@dataclass(frozen=True, slots=True)
class State:
    """Where an algorithm stands: all that it was told, in the order in which it asked.

    There is nothing else: populations, generations and positions follow from the history, and chance from the seed
    and the number of the proposal. So a state that was saved and restored goes on identically.

    Attributes:
        algorithm: name of the algorithm, one of :data:`ALGORITHMS`.
        seed: all randomness comes from it.
        settings: of the algorithm.
        history: what was told, in the order of the proposals.
        asked: what was proposed since and not told yet.
    """

    algorithm: str
    seed: int = 0
    settings: AlgorithmSettings = field(default_factory=AlgorithmSettings)
    history: tuple[Told, ...] = ()
    asked: tuple[Proposal, ...] = ()

    def tell(self, results: Sequence[tuple[float, ...]]) -> "State":
        """The state that knows the values of what was asked.

        Args:
            results: the objectives' values of each proposal, in the order of the proposals.

        Raises:
            SearchError: there are more or fewer results than proposals.
        """
        if len(results) != len(self.asked):
            raise SearchError(
                f"{len(self.asked)} architectures were proposed and {len(results)} results told"
            )
        told = (Told(one, tuple(values)) for one, values in zip(self.asked, results, strict=True))
        return replace(self, history=(*self.history, *told), asked=())

    def to_json(self) -> str:
        """The state as a JSON document."""
        return json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "kind": "algorithm state",
                "algorithm": self.algorithm,
                "seed": self.seed,
                "settings": self.settings.to_document(),
                "history": [[*_written(one.proposal), packed(one.values)] for one in self.history],
                "asked": [_written(one) for one in self.asked],
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> "State":
        """The state of a JSON document.

        Raises:
            SearchError: it is none, or of another version.
        """
        document = read_document(text, "algorithm state")
        try:
            return cls(
                document["algorithm"],
                document["seed"],
                AlgorithmSettings.from_document(
                    document["settings"], "the saved algorithm state", SearchError
                ),
                tuple(Told(Proposal(*one[:3]), tuple(unpacked(one[3]))) for one in document["history"]),
                tuple(Proposal(*one) for one in document["asked"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SearchError(f"the saved algorithm state cannot be used: {error!r}") from None


class Algorithm(Protocol):
    """Proposes what to evaluate next: one pure function of the history."""

    def __call__(
        self, state: State, domain: Domain, seen: Set[str], rng: np.random.Generator
    ) -> Proposal | None:
        """Proposes one architecture that was not proposed before.

        Args:
            state: what was told, and what has been proposed since.
            domain: where to move.
            seen: the keys of all that was proposed so far, told or not.
            rng: of this proposal.

        Returns:
            The proposal; None if none can be made before what is asked is told or, if nothing is asked, at all.
        """
        ...


def _written(proposal: Proposal) -> list[str | None]:
    return [proposal.architecture, proposal.key, proposal.parent]
