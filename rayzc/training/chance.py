"""Where the randomness of a training comes from, and what else has to be the same to compute the same."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["drawn_seed", "generator", "reproducible", "use_resources"]


def drawn_seed(seed: int, epoch: int, purpose: str) -> int:
    """A seed for one purpose in one epoch of a training.

    All that precedes follows from the seed of the training, so that no random state has to be kept for a resume.
    """
    digest = hashlib.sha256(f"{seed}/{epoch}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, epoch: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator that begins there."""
    return torch.Generator(device).manual_seed(drawn_seed(seed, epoch, purpose))


@contextmanager
def reproducible(seed: int, epoch: int, device: torch.device) -> Iterator[None]:
    """Has dropout and the like draw from seed and epoch, and cuDNN compute the same each time.

    The global random state is left as it was.
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
    """Has this process compute with so many threads, and a share of a GPU's memory, from now on.

    The order in which float32 sums are taken, and so the last digits of all results, depends on the number of threads.
    """
    torch.set_num_threads(threads)
    if torch.device(device).type == "cuda" and memory_share < 1:
        torch.cuda.set_per_process_memory_fraction(memory_share)
