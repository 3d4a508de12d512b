"""How fast and how large the measurement of all proxies is, against measuring them one by one.

The network is NAS-Bench-201's at full size (16 channels, 5 cells a stage), the batch 64 images of 32x32 pixels.
Both sides run in processes of their own, on one thread each, one after the other; the first measurement of a
process warms it up and is not counted. Memory is what the process's peak grew by during the measurements.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["run"]

ENCODINGS = ("(2, 2, 2, 2, 2, 2)", "(4, 3, 3, 3, 2, 3)")
"""The largest cell, all 3x3 convolutions, and a mixed one."""

IMAGES = 64
ROUNDS = 2
MEGABYTE = 1024
"""Kilobytes, the unit of ``ru_maxrss`` on Linux."""

SUITE = (
    *("epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm"),
    *("nwot", "params", "plain", "snip", "synflow", "zen"),
)
HEAVY = ("grasp", "fisher", "jacov", "nwot", "zen")
"""Proxies among which the one with the greatest memory is."""


def run() -> Iterator[dict[str, Any]]:
    """Measures and yields rows ``{"name", "ours", "peer", "ratio", "unit"}``, ratios as the targets have them."""
    for encoding in ENCODINGS:
        ours = _child("ours", encoding, SUITE, ROUNDS)["seconds"]
        peer = _child("peer", encoding, SUITE, ROUNDS)["seconds"]
        yield _row(
            f"13 proxies of nasbench201 {encoding}, 64 images; peer: one by one", ours, peer, peer / ours, "s"
        )
    encoding = ENCODINGS[0]
    ours = _child("ours", encoding, SUITE, 1)["memory"]
    peer = max(_child("peer", encoding, (name,), 1)["memory"] for name in HEAVY)
    yield _row("peak memory of 13 proxies; peer: the worst one alone", ours, peer, ours / peer, "MB")
    alone = max(_child("ours", encoding, (name,), 1)["memory"] for name in HEAVY)
    yield _row(
        "peak memory of 13 proxies; peer: the worst one alone, our way", ours, alone, ours / alone, "MB"
    )


def _row(name: str, ours: float, peer: float, ratio: float, unit: str) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(ours, 3),
        "peer": round(peer, 3),
        "ratio": round(ratio, 2),
        "unit": unit,
    }


def _child(side: str, encoding: str, proxies: tuple[str, ...], rounds: int) -> dict[str, float]:
    """Measures in a process of its own."""
    arguments = [
        sys.executable,
        "-m",
        "tests.performance.proxies",
        side,
        encoding,
        ",".join(proxies),
        str(rounds),
    ]
    root = Path(__file__).parent.parent.parent
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = subprocess.run(arguments, capture_output=True, text=True, cwd=root, env=environment, check=True)
    result: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return result


def _measure(side: str, encoding: str, proxies: list[str], rounds: int) -> dict[str, float]:
    """The best seconds of a measurement, after one to warm up if there are rounds to compare, and its memory."""
    import torch

    from rayzc.proxies import measure_detailed
    from rayzc.spaces import build
    from tests.performance.one_by_one import one_by_one

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = build("nasbench201", encoding, classes=10)
    images, labels = torch.randn(IMAGES, 3, 32, 32), torch.arange(IMAGES) % 10
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(rounds + (rounds > 1)):
        began = time.perf_counter()
        if side == "ours":
            failures = measure_detailed(network, images, labels, proxies, device="cpu").failures
            if failures:
                raise RuntimeError(f"not measured: {failures}")
        else:
            one_by_one(network, images, labels, proxies)
        seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": min(seconds[rounds > 1 :]), "memory": (peak - before) / MEGABYTE}


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], sys.argv[2], sys.argv[3].split(","), int(sys.argv[4]))))
