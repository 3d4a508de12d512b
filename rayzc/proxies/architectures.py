"""Measuring an architecture of a search space: network, batch and scores, all from one seed."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from rayzc.measurement import Measurement, Request
from rayzc.proxies.batches import random_batch
from rayzc.proxies.measurement import measure_detailed
from rayzc.spaces import Task, search_space

__all__ = ["measure_architecture", "one_thread"]

Array = Tensor | NDArray[Any]


def one_thread(device: str, memory_share: float = 1.0) -> None:
    """Makes this process compute in a single thread from now on, so that its scores equal those of other processes.

    The order in which float32 sums are taken, and so a score's last digits, depends on the number of threads.

    Args:
        device: where the process will measure.
        memory_share: the largest share of a GPU's memory that this process may take.
    """
    torch.set_num_threads(1)
    if torch.device(device).type == "cuda" and memory_share < 1:
        torch.cuda.set_per_process_memory_fraction(memory_share)


def measure_architecture(
    request: Request,
    *,
    batch: int | tuple[Array, Array] = 64,
    width: int | None = None,
    depth: int | None = None,
    task: Task | None = None,
    device: str | torch.device | None = None,
    plain_kernels: bool = False,
) -> Measurement:
    """Builds an architecture for a task of its space and measures it.

    All random numbers come from the seed: the weights, random images, and those that proxies draw. On one kind
    of device, with one number of threads, equal arguments give equal scores, bit for bit, and a score does not
    depend on which other proxies are measured beside it. The global random state is left as it was.

    Args:
        request: the architecture, the proxies and the seed. The network is built exactly as encoded, with the
            parts that do not matter for its output.
        batch: the number of random images, or the images ``(images, *input_shape)`` and their classes ``(images,)``.
        width: channels, for a scaled-down network; by default the original's.
        depth: repeats of the cells, for a scaled-down network; by default the original's.
        task: the number of classes and the shape of the images; by default those of the task of the space that has the
            request's name.
        device: where to measure; by default a GPU where there is one.
        plain_kernels: see :func:`rayzc.proxies.measure_detailed`.

    Raises:
        SpaceError: there is no such space, architecture or task, or no such width or depth.
        ProxyError: a proxy is unknown, or the batch cannot be used.
    """
    space = search_space(request.space)
    architecture = space.parse(request.encoding)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(request.seed)
        network = space.build_for(architecture, task or request.task, width=width, depth=depth)
    known = task or space.tasks[request.task]
    if isinstance(batch, int):
        images, labels = random_batch(known.input_shape, known.classes, batch, request.seed)
    else:
        images, labels = (torch.as_tensor(part) for part in batch)
    return measure_detailed(
        network,
        images,
        labels,
        request.proxies,
        seed=request.seed,
        device=device,
        classes=known.classes,
        plain_kernels=plain_kernels,
    )
