"""What is asked of a measuring pool, and what it answers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rayzc.errors import ProxyError, SpaceError, nearest
from rayzc.spaces import SearchSpace, search_space
from rayzc.spaces.four_node import FourNodeSpace

__all__ = ["Answer", "Request", "Setup", "Statistics", "built"]

_SEEDS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Request:
    """A network to measure.

    Attributes:
        space: name of its search space.
        encoding: the architecture, as the suite writes it.
        task: one of the space's tasks; it gives the number of classes and the shape of the images.
        proxies: names of the proxies to measure.
        seed: weights, images and everything else that is drawn come from it.
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
            raise ProxyError(f"nothing is asked of {self.encoding}: name at least one proxy")
        if self.seed not in _SEEDS:
            raise ProxyError(f"the seed {self.seed} is too large: it has 64 bits")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was measured on the network of a request.

    Attributes:
        request: what was asked.
        scores: by proxy, for those that could be measured.
        failures: why not, for the others.
        seconds: how long measuring took, 0 where all was known already.
        cached: whether all was known already.
        notes: what a reader of the scores should know, such as micro-batches.
    """

    request: Request
    scores: Mapping[str, float]
    failures: Mapping[str, str]
    seconds: float
    cached: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """What holds for all measurements of a pool: an answer follows from the request and this, bit for bit.

    Attributes:
        batch: how many images a network is shown.
        images: an ``.npz`` file or the name of a torchvision data set, see :func:`rayzc.proxies.batches.load_batch`;
            by default normal random images. Read where the pool was opened, whichever machine measures.
        data: folder of torchvision's data sets.
        width: channels of scaled-down networks; by default the original's.
        depth: repeats of the cells of scaled-down networks; by default the original's.
        as_written: measure an architecture with the parts that do not matter for its output, as the tables of
            NAS-Bench-Suite-Zero do. By default the canonical architecture is measured, so that encodings of one
            network have one score, and are measured once.
        device: ``cpu`` or ``cuda``; by default ``cuda`` where the cluster has GPUs, for all workers alike, since
            scores differ in their last digits from one to the other.
        time_limit: seconds for one network, after which its worker is ended and the network reported as failed;
            None for no limit.
        cpus: CPUs that a worker takes of the cluster. It computes in one thread in any case, as the order of sums
            must not depend on it: smaller shares are for workers that wait for a GPU.
        gpus: GPUs that a worker takes, on ``cuda``; a fraction also limits the memory it may use.
    """

    batch: int = 64
    images: str | None = None
    data: str = "data"
    width: int | None = None
    depth: int | None = None
    as_written: bool = False
    device: str | None = None
    time_limit: float | None = 600.0
    cpus: float = 1.0
    gpus: float = 1.0

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ProxyError(f"a batch of {self.batch} images has none; give at least 1")
        if self.device not in (None, "cpu", "cuda"):
            raise ProxyError(f"workers cannot measure on '{self.device}': say cpu or cuda")
        if self.time_limit is not None and not self.time_limit > 0:
            raise ProxyError(
                f"the time limit for a network is {self.time_limit} s; give more than 0, or none"
            )
        if not (self.cpus > 0 and math.isfinite(self.cpus)) or not (
            self.gpus > 0 and math.isfinite(self.gpus)
        ):
            raise ProxyError(f"a worker takes {self.cpus} CPUs and {self.gpus} GPUs; give shares above 0")


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a pool has done so far.

    Attributes:
        measured: networks that workers have measured.
        cached: requests of which all was known already.
        joined: requests that waited for a measurement that was under way, or in the queue, for another.
        failed: networks given up: they ended three workers or took too long, or could not be built.
        outstanding: requests without an answer yet.
        lost: workers that died, or had to be ended, and were replaced.
        processes: process ids of the workers that are ready.
        nodes: ids of the machines that they are on, in the same order.
        measuring: the network that each is measuring now, in the same order; empty for one that waits for work.
    """

    measured: int = 0
    cached: int = 0
    joined: int = 0
    failed: int = 0
    outstanding: int = 0
    lost: int = 0
    processes: tuple[int, ...] = ()
    nodes: tuple[str, ...] = ()
    measuring: tuple[str, ...] = ()

    @property
    def workers(self) -> int:
        """How many workers are ready."""
        return len(self.processes)


def built(request: Request, setup: Setup) -> str:
    """The encoding of what is built and measured for a request; requests with the same are measured once.

    By default that is the canonical architecture. Two encodings of one network can differ in operations that
    nothing reads, whose weights are drawn and counted nevertheless; one score for both needs one of them to be
    chosen. With ``as_written`` the encoding itself is built. Only in spaces of four-node cells do the two differ
    in substance: the other spaces build no part that does not matter, so they keep the canonical one.

    Raises:
        SpaceError: no such space, architecture or task.
    """
    space: SearchSpace = search_space(request.space)
    architecture = space.parse(request.encoding)
    if request.task not in space.tasks:
        raise SpaceError(
            f"{space.name} has no task '{request.task}'; {nearest(request.task, list(space.tasks))}"
        )
    if setup.as_written and isinstance(space, FourNodeSpace):
        return space.format(architecture)
    return space.key(architecture)
