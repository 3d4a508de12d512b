"""Measuring an architecture of a search space: built, shown a batch, and read off, all from one seed."""

from collections.abc import Iterable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from rayzc.proxies.batches import random_batch
from rayzc.proxies.measurement import Measurement, measure_detailed
from rayzc.proxies.registry import Proxy
from rayzc.spaces import search_space

__all__ = ["measure_architecture", "one_thread"]

Array = Tensor | NDArray[Any]


def one_thread(device: str, memory_share: float = 1.0) -> None:
    """Makes this process a place whose scores are those of any other: it computes in a single thread from now on.

    The order in which float32 sums are taken, and so a score's last digits, depends on the number of threads.

    Args:
        device: where the process will measure.
        memory_share: of a GPU's memory, at most so much is for this process.
    """
    torch.set_num_threads(1)
    if torch.device(device).type == "cuda" and memory_share < 1:
        torch.cuda.set_per_process_memory_fraction(memory_share)


def measure_architecture(
    space: str,
    encoding: str,
    task: str,
    proxies: Iterable[str | Proxy] | None = None,
    *,
    seed: int = 0,
    batch: int | tuple[Array, Array] = 64,
    width: int | None = None,
    depth: int | None = None,
    device: str | torch.device | None = None,
    plain_kernels: bool = False,
) -> Measurement:
    """Builds an architecture for a task of its space and measures it.

    Everything that is drawn comes from the seed: the weights, random images, and whatever proxies draw. On one kind
    of device, with one number of threads, equal arguments give equal scores, bit for bit, and a score does not
    depend on which other proxies are measured beside it. The global random state is left as it was.

    Args:
        space: name of the search space.
        encoding: the architecture; it is built exactly as written, with the parts that do not matter for its output.
        task: one of the space's tasks; it gives the classes and the shape of the images.
        proxies: names or proxies; all that are registered by default.
        seed: all randomness comes from it.
        batch: how many random images, or the images ``(images, *input_shape)`` and their classes ``(images,)``.
        width: channels, for a scaled-down network; by default the original's.
        depth: repeats of the cells, for a scaled-down network; by default the original's.
        device: where to measure; by default a GPU where there is one.
        plain_kernels: see :func:`rayzc.proxies.measure_detailed`.

    Raises:
        SpaceError: no such space, architecture or task, or a width or depth that is not possible.
        ProxyError: a proxy is not known, or the batch is not fit.
    """
    chosen = search_space(space)
    architecture = chosen.parse(encoding)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = chosen.build_for(architecture, task, width=width, depth=depth)
    known = chosen.tasks[task]
    if isinstance(batch, int):
        images, labels = random_batch(known.input_shape, known.classes, batch, seed)
    else:
        images, labels = (torch.as_tensor(part) for part in batch)
    return measure_detailed(
        network,
        images,
        labels,
        proxies,
        seed=seed,
        device=device,
        classes=known.classes,
        plain_kernels=plain_kernels,
    )
