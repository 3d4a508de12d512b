"""Leaving no trace: what a measurement changes is put back, even when it fails."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

__all__ = ["randomness_from", "untouched"]


@contextmanager
def untouched(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Puts the network in train mode for a while and restores it, and all random states, afterwards.

    Restored are the attributes of every module as they were, among them the train/eval flags and whatever the
    network's code keeps of its last input. Weights and buffers need no restoring: passes run on copies.
    """
    modules = list(model.modules())
    before = [dict(vars(module)) for module in modules]
    numpy_state = np.random.get_state()  # noqa: NPY002 - the state that others share is the point
    python_state = random.getstate()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            for module in modules:
                module.training = True
            yield
        finally:
            for module, attributes in zip(modules, before, strict=True):
                _restore(vars(module), attributes)
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)


def _restore(now: dict[str, object], before: dict[str, object]) -> None:
    for name in [name for name in now if name not in before]:
        del now[name]
    for name, value in before.items():
        if now.get(name, now) is not value:
            now[name] = value


def randomness_from(seed: int, device: torch.device) -> None:
    """Seeds the random states that a network's code may draw from (dropout, say); use inside `untouched`."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    random.seed(seed)
