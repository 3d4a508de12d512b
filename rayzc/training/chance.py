"""The random numbers of a training, and the settings of this process that its results depend on."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["drawn_seed", "generator", "reproducible", "use_resources"]


def drawn_seed(seed: int, epoch: int, purpose: str) -> int:
    """The seed for one purpose in one epoch of a training.

    It is determined by the arguments, so that a checkpoint needs no random state.
    """
    digest = hashlib.sha256(f"{seed}/{epoch}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, epoch: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator with the seed of :func:`drawn_seed`."""
    return torch.Generator(device).manual_seed(drawn_seed(seed, epoch, purpose))


@contextmanager
def reproducible(seed: int, epoch: int, device: torch.device) -> Iterator[None]:
    """Seeds torch's global generators, from which dropout draws, and makes cuDNN deterministic, for the block.

    The global random state is restored afterwards.
    """
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_gpu else []):
        drawn = drawn_seed(seed, epoch, "dropout")
        torch.default_generator.manual_seed(drawn)
        if not on_gpu:
            yield
            return
        torch.cuda.manual_seed(drawn)
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            yield


def use_resources(device: str, threads: int, memory_share: float) -> None:
    """Sets the number of threads, and the share of the GPU's memory, that this process uses.

    The order of float32 sums, and so the last digits of all results, depends on the number of threads.

    Args:
        device: device of the training.
        threads: number of threads.
        memory_share: largest share of the memory of a GPU to use.
    """
    torch.set_num_threads(threads)
    if torch.device(device).type == "cuda" and memory_share < 1:
        torch.cuda.set_per_process_memory_fraction(memory_share)
