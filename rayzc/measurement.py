"""One request, one answer: what is asked about a network, and what comes back.

A :class:`Request` travels unchanged from a search through the measuring pool to the torch code, and a
:class:`Measurement` travels back. Whoever adds to an answer (a table, a cache, a second measurement) joins two of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rayzc.errors import ProxyError

__all__ = ["Measurement", "Request"]

_SEEDS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Request:
    """A network, and the proxies to measure on it.

    Attributes:
        space: name of its search space.
        encoding: the architecture, as the suite writes it.
        task: one of the space's tasks, or of the tasks of a suite's benchmark, which gives the number of classes and
            the shape of the images.
        proxies: names of the proxies, each once.
        seed: of weights, images and everything else that is drawn; 64 bits.

    Raises:
        ProxyError: `proxies` is empty or a text, or the seed has more than 64 bits.
    """

    space: str
    encoding: str
    task: str
    proxies: tuple[str, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        given: object = self.proxies
        if isinstance(given, str):
            raise ProxyError(f"proxies must be names in a tuple, such as ('{given}',), not one text")
        object.__setattr__(self, "proxies", tuple(dict.fromkeys(self.proxies)))
        if not self.proxies:
            raise ProxyError(f"no proxies to measure on {self.encoding}: name at least one")
        if self.seed not in _SEEDS:
            raise ProxyError(f"the seed {self.seed} has more than 64 bits: give a smaller number")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is known of one network.

    Attributes:
        scores: by proxy, in the order asked for.
        failures: by proxy, why it has no score.
        seconds: how long it took to measure; 0 for what a table or a cache knew.
        notes: what a reader of the scores should know, such as micro-batches.
        cached: whether what was not in a table came from a cache of earlier measurements.
        passes: how often which kind of pass ran through the network.
    """

    scores: Mapping[str, float]
    failures: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    cached: bool = False
    passes: Mapping[str, int] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether something was measured for it, rather than looked up in a table or a cache."""
        return self.seconds > 0

    def joined(self, other: "Measurement") -> "Measurement":
        """Combines both: a score takes precedence over a failure, and a score of `other` over a score of this."""
        scores = {**self.scores, **other.scores}
        failures = {**self.failures, **other.failures}
        passes = {
            kind: self.passes.get(kind, 0) + other.passes.get(kind, 0)
            for kind in {**self.passes, **other.passes}
        }
        return Measurement(
            scores,
            {proxy: reason for proxy, reason in failures.items() if proxy not in scores},
            self.seconds + other.seconds,
            tuple(dict.fromkeys((*self.notes, *other.notes))),
            self.cached or other.cached,
            passes,
        )
