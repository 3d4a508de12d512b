"""Small networks to ask for, and how they are measured without a pool."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from rayzc.cluster.measuring import Request
from rayzc.options import Setup
from rayzc.proxies import Measurement, measure_detailed
from rayzc.proxies.batches import random_batch
from rayzc.spaces import search_space

SETUP = Setup(batch=4, width=4, depth=1)
PROXIES = ("grad_norm", "nwot", "params", "synflow")
SPACE = "nasbench201"


def distinct(count: int, seed: int = 0) -> list[str]:
    """Encodings of so many different networks of NAS-Bench-201, none of them canonical by itself."""
    space, rng = search_space(SPACE), np.random.default_rng(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        architecture = space.sample(rng)
        found.setdefault(space.key(architecture), space.format(architecture))
    return list(found.values())


def twins(encodings: list[str]) -> list[str]:
    """For each encoding another one of the same network where there is one, else itself."""
    space = search_space(SPACE)
    wanted = {space.key(space.parse(encoding)): encoding for encoding in encodings}
    other = dict(wanted)
    for architecture in space.enumerate():
        key, text = space.key(architecture), space.format(architecture)
        if key in wanted and text != wanted[key]:
            other[key] = text
    return [other[space.key(space.parse(encoding))] for encoding in encodings]


def ask(encoding: str, proxies: tuple[str, ...] = PROXIES, seed: int = 0) -> Request:
    return Request(SPACE, encoding, "cifar10", proxies, seed)


@contextmanager
def one_thread() -> Iterator[None]:
    """Computes as the workers do: the order of sums depends on the number of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def direct(request: Request, setup: Setup = SETUP, encoding: str | None = None) -> Measurement:
    """What :func:`rayzc.proxies.measure_detailed` says of the canonical network, in one thread as on the workers."""
    space = search_space(request.space)
    task = space.tasks[request.task]
    with one_thread():
        torch.manual_seed(request.seed)
        text = encoding or space.key(space.parse(request.encoding))
        network = space.build_for(space.parse(text), request.task, width=setup.width, depth=setup.depth)
        batch = random_batch(task.input_shape, task.classes, setup.batch, request.seed)
        return measure_detailed(network, *batch, request.proxies, seed=request.seed, device="cpu")
