"""One request, one answer: what is asked about a network, what comes back, and how networks are measured.

A :class:`Request` travels unchanged from a search through the measuring pool to the torch code, and a
:class:`Measurement` travels back. Whoever adds to an answer (a table, a cache, a second measurement) joins two of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from rayzc.errors import ProxyError, RayzcError
from rayzc.options import Options, option

__all__ = ["Measurement", "Request", "Setup"]

_SEEDS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Request:
    """A network, and the proxies to measure on it.

    Attributes:
        space: name of its search space.
        encoding: the architecture, as the suite writes it.
        task: one of the space's tasks, which gives the number of classes and the shape of the images.
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
            raise ProxyError(f"no proxy is asked for on {self.encoding}: name at least one")
        if self.seed not in _SEEDS:
            raise ProxyError(f"the seed {self.seed} has more than 64 bits")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is known of one network.

    Attributes:
        scores: by proxy, in the order asked for.
        failures: by proxy, why it has no score.
        seconds: how long it took to measure; 0 for what a table or a cache knew.
        notes: what a reader of the scores should know, such as micro-batches.
        cached: whether all of it came from a cache of earlier measurements.
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
        """Both together: a score of either beats a failure of the other, and of two scores that of `other` counts."""
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


class Setup(Options, frozen=True, kw_only=True):
    """How a pool measures: a measurement follows from the request and this, bit for bit."""

    error: ClassVar[type[RayzcError]] = ProxyError

    batch: Annotated[int, option("Images that a network is shown.", low=1)] = 64
    images: Annotated[
        str | None,
        option(
            "Images to measure on: an .npz file with arrays images (N, channels, height, width) and labels (N,), or "
            "the name of a torchvision data set.",
            default="random images",
            metavar="FILE_OR_NAME",
        ),
    ] = None
    data: Annotated[str, option("Folder of torchvision's data sets.", hidden=True)] = "data"
    width: Annotated[
        int | None, option("Channels of scaled-down networks.", default="as in the benchmark", low=1)
    ] = None
    depth: Annotated[
        int | None, option("Cells per stage of scaled-down networks.", default="as in the benchmark", low=1)
    ] = None
    as_written: Annotated[
        bool,
        option(
            "Measure an architecture with the parts that do not matter for its output, as NAS-Bench-Suite-Zero does, "
            "instead of the canonical form, of which all encodings of a network share one measurement.",
            hidden=True,
        ),
    ] = False
    device: Annotated[
        str | None,
        option(
            "Where networks are measured, for all workers alike, as last digits differ from device to device.",
            choices=("cpu", "cuda"),
            default="cuda if the cluster has GPUs",
        ),
    ] = None
    time_limit: Annotated[
        float | None,
        option(
            "Longest time to measure one network, after which it is reported as failed.",
            above=0,
            duration=True,
            metavar="TIME",
        ),
    ] = 600.0
    cpus: Annotated[
        float,
        option(
            "CPUs that a measuring worker takes of the cluster. It computes in one thread in any case.",
            above=0,
            hidden=True,
        ),
    ] = 1.0
    gpus: Annotated[
        float,
        option(
            "GPUs that a measuring worker takes on cuda; a share also limits its memory.",
            above=0,
            hidden=True,
        ),
    ] = 1.0
