"""The networks that are trained at the end of a run: what was found, beside what chance and a single proxy chose."""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rayzc.documents import record_of
from rayzc.errors import SearchError
from rayzc.nas.results import Results
from rayzc.problems import Problem
from rayzc.problems.sampling import sampled

__all__ = ["Choice", "Final", "Finalist", "found_finalists", "random_networks"]


class Choice(StrEnum):
    """How a finalist was chosen."""

    FOUND = "found"
    BY_PROXY = "by proxy"
    RANDOM = "random"


class Finalist(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network that is trained at the end of a run.

    Attributes:
        choice: how it was chosen.
        architecture: its canonical encoding.
        accuracies: of its trainings so far, each under another seed.
    """

    choice: Choice
    architecture: str
    accuracies: tuple[float, ...] = ()

    @property
    def accuracy(self) -> float | None:
        """The mean over its trainings; None if there is none yet."""
        return float(np.mean(self.accuracies)) if self.accuracies else None


class Final(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the finalists of a problem reached when they were trained.

    Attributes:
        problem: ``space/task``.
        searched: number of networks that the search chose from.
        random: number of random networks that the single proxy chose from.
        proxy: the proxy, or its negation: the best one on the networks that the formula was bred on.
        finalists: the networks.
        suite: accuracies of the suite's networks ``(networks,)``, the best first, over as many trainings.
        noise: standard deviation of such an accuracy between trainings.
    """

    problem: str
    searched: int
    random: int
    proxy: str
    finalists: tuple[Finalist, ...]
    suite: tuple[float, ...]
    noise: float

    @classmethod
    def of(
        cls,
        table: Problem,
        searched: int,
        random: int,
        proxy: str,
        finalists: Sequence[Finalist],
        trainings: int,
    ) -> "Final":
        """The final of a problem of a suite with repeated trainings.

        Args:
            table: the problem; it must have `repeats`.
            searched: see :class:`Final`, as for `random`, `proxy` and `finalists`.
            random: see above.
            proxy: see above.
            finalists: see above.
            trainings: number of trainings of each finalist.
        """
        assert table.repeats is not None
        repeats = table.repeats[:, :trainings]
        deviation = table.repeats.std(axis=1, ddof=1) if table.repeats.shape[1] > 1 else np.zeros(1)
        noise = float(np.sqrt(np.mean(deviation**2) / repeats.shape[1]))
        suite = tuple(sorted(repeats.mean(axis=1).tolist(), reverse=True))
        return cls(table.name, searched, random, proxy, tuple(finalists), suite, noise)

    def best(self, choice: Choice) -> Finalist | None:
        """The best of the networks that were chosen this way; None if none was trained."""
        trained = [each for each in self.finalists if each.choice is choice and each.accuracies]
        return max(trained, key=lambda each: each.accuracy or 0.0, default=None)

    def accuracy(self, choice: Choice) -> float | None:
        """The accuracy of :meth:`best`."""
        best = self.best(choice)
        return best.accuracy if best else None

    @property
    def top(self) -> float | None:
        """The found network is among the best so many percent of the suite's networks; None if it was not trained."""
        found = self.accuracy(Choice.FOUND)
        if found is None:
            return None
        return 100 * sum(accuracy > found for accuracy in self.suite) / len(self.suite)

    def beats(self, choice: Choice) -> bool | None:
        """Whether the found network has a higher accuracy than the other; None if one of them was not trained."""
        found, other = self.accuracy(Choice.FOUND), self.accuracy(choice)
        return None if found is None or other is None else found > other

    def to_document(self) -> dict[str, Any]:
        """The final as JSON knows it."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    @classmethod
    def from_document(cls, document: Any, where: str | Path) -> "Final":
        """Reads what :meth:`to_document` wrote.

        Raises:
            SearchError: a key is unknown or missing, or a value cannot be used; names the key.
        """
        return record_of(document, cls, where, SearchError)


def found_finalists(results: Results, problem: str, count: int) -> tuple[Finalist, ...]:
    """The architectures with the best scores in the shortlists of a problem, over its searches."""
    outcomes = [outcome for outcome in results.outcomes if outcome.problem == problem]
    # The searches share a formula, so their scores can be compared.
    scores = {found.key: found.score for outcome in outcomes for found in outcome.shortlist}
    best = sorted(scores, key=lambda key: -scores[key])[:count]
    return tuple(Finalist(Choice.FOUND, key) for key in best)


def random_networks(problem: str, count: int, seed: int) -> tuple[str, ...]:
    """Draws distinct random networks of a problem's search space: canonical encodings, others for each problem."""
    salt = hashlib.sha256(f"random networks of {problem}, seed {seed}".encode()).digest()
    return sampled(problem.partition("/")[0], count, int.from_bytes(salt[:6], "big"))
