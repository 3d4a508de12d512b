"""No measurement writes beyond its memory: networks of few channels, in processes whose heap is checked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from rayzc.passes.network import has_wide_convolutions
from rayzc.proxies import measure_detailed
from rayzc.spaces import SPACES, build

CHECKS = next(Path("/lib").glob("*/libc_malloc_debug.so.0"), None)
"""glibc's checks of the heap; absent elsewhere, and then a corrupted heap shows by luck alone."""

MEASURE = """
import sys
import numpy as np
import torch
from rayzc.measurement import Request
from rayzc.proxies import measure_architecture, registered
from rayzc.spaces import SPACES

torch.set_num_threads(1)
name, width, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
space = SPACES[name]
# The smallest and the largest cell are the ones that were found to corrupt the heap.
known = {"transbench101_micro": ["(1, 1, 1, 1, 1, 1)", "(2, 2, 2, 2, 2, 2)"]}.get(name, [])
drawn = [space.format(space.sample(np.random.default_rng(seed))) for seed in range(2)]
for encoding in [*known, *drawn]:
    task = list(space.tasks)[2 % len(space.tasks)]
    request = Request(name, encoding, task, tuple(registered()), 0)
    found = measure_architecture(request, batch=batch, width=width, depth=1, device="cpu")
    assert not found.failures, found.failures
    print(encoding, *(f"{name}={score!r}" for name, score in found.scores.items()))
"""


def measured(space: str, width: int, batch: int = 4) -> str:
    environment = dict(os.environ)
    if CHECKS is not None:
        environment |= {"LD_PRELOAD": str(CHECKS), "MALLOC_CHECK_": "3"}
    command = [sys.executable, "-c", MEASURE, space, str(width), str(batch)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{space}, width {width}: {done.returncode}\n{done.stderr}"
    return done.stdout


def widths(space: str, most: int) -> list[int]:
    return list(range(SPACES[space].width_unit, most + 1, SPACES[space].width_unit))


@pytest.mark.parametrize("space", ["transbench101_micro", "nasbench201"])
def test_networks_of_the_fewest_channels(space: str) -> None:
    assert "zico=" in measured(space, widths(space, 16)[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("space", "width"), [(space, width) for space in SPACES for width in widths(space, 16)]
)
def test_all_spaces_at_widths_up_to_16(space: str, width: int) -> None:
    for batch in (2, 4, 9):
        assert "zico=" in measured(space, width, batch)


def test_channels_last_is_for_wide_networks() -> None:
    assert has_wide_convolutions(build("nasbench201", "(2, 2, 2, 2, 2, 2)", width=8, depth=1))
    assert not has_wide_convolutions(build("nasbench201", "(2, 2, 2, 2, 2, 2)", width=4, depth=1))
    stem = nn.Conv2d(3, 8, 3)
    assert has_wide_convolutions(nn.Sequential(stem, nn.Conv2d(8, 8, 1, 2)))
    assert not has_wide_convolutions(nn.Sequential(nn.Conv2d(3, 8, 1, 2)))
    assert not has_wide_convolutions(nn.Sequential(stem, nn.Conv2d(8, 7, 3)))
    loose = nn.Sequential(stem)
    loose.kernel = nn.Parameter(torch.zeros(8, 8, 1, 1))
    assert not has_wide_convolutions(loose)


def test_plain_kernels_give_the_same_but_for_the_order_of_sums() -> None:
    network = build("nasbench201", "(2, 3, 2, 4, 0, 2)", width=8, depth=1)
    batch = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)), torch.arange(8)
    fast, plain = (
        measure_detailed(
            network, *batch, ["snip", "zen", "nwot", "params"], device="cpu", plain_kernels=choice
        ).scores
        for choice in (False, True)
    )
    assert torch.backends.mkldnn.enabled
    assert plain == pytest.approx(fast, rel=1e-3)
    assert plain["params"] == fast["params"]
