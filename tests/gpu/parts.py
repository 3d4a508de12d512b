"""What only a GPU can show, part by part; on ``cpu`` each part compares the CPU with itself, on fewer networks."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rayzc.evolution import kendall_tau
from rayzc.measurement import Request
from rayzc.proxies import measure_detailed, registered
from rayzc.proxies.architectures import measure_architecture
from rayzc.spaces import SPACES, build
from tests.gpu.table import Row, Skip
from tests.performance.one_by_one import SUITE, one_by_one
from tests.proxies.nets import FIXED, Unnormed, fixed

__all__ = ["PARTS", "Machine", "Part"]

DRAWS = 8
RELATIVE = 1e-2
"""How far a score may be off on a GPU: it adds up in another order, and some proxies take logarithms of small sums."""

LEAST_TAU = 0.95
SMALL = {"width": 8, "depth": 1}


@dataclass(frozen=True)
class Machine:
    """Where to run, and how much.

    Attributes:
        device: ``cuda``, or ``cpu`` to execute the parts without a GPU.
        deadline: on the clock of :func:`time.monotonic`, when all must have ended.
    """

    device: str
    deadline: float

    @property
    def small(self) -> bool:
        """Whether to do little."""
        return self.device == "cpu"

    @property
    def seconds_left(self) -> float:
        """Seconds to the deadline."""
        return self.deadline - time.monotonic()


@dataclass(frozen=True)
class Part:
    """A part, and the seconds that it needs at most on a GPU."""

    run: Callable[[Machine], Iterator[Row]]
    seconds: float


def golden(machine: Machine) -> Iterator[Row]:
    """Every proxy on the golden networks, against the CPU; proxies that draw, against the spread of their draws."""
    names = list(registered())
    for name in list(FIXED)[: 1 if machine.small else None]:
        draws = [_scores(name, names, "cpu", seed) for seed in range(DRAWS)]
        found = _scores(name, names, machine.device, 0)
        off: dict[str, float] = {}
        for proxy in names:
            values = np.array([draw.get(proxy, np.nan) for draw in draws])
            score = found.get(proxy, np.nan)
            if np.isnan(values[0]) and np.isnan(score):
                continue
            spread = float(np.std(values))
            if spread > 1e-6 * max(1.0, abs(float(np.mean(values)))):
                off[proxy] = RELATIVE * abs(score - float(np.mean(values))) / (6 * spread)
            else:
                off[proxy] = _relative(score, float(values[0]))
        yield _worst("golden", f"{name}: {len(off)} proxies", off)


def architectures(machine: Machine) -> Iterator[Row]:
    """Every proxy on architectures of every space: the ranking on the CPU, and how far scores are off."""
    names, number = list(registered()), 3 if machine.small else 30
    for space in list(SPACES.values())[: 1 if machine.small else None]:
        task = next(iter(space.tasks))
        rng = np.random.default_rng(0)
        requests = [
            Request(space.name, space.format(space.sample(rng)), task, tuple(names), 0) for _ in range(number)
        ]
        sides = [
            [measure_architecture(request, batch=16, device=device, **SMALL).scores for request in requests]
            for device in ("cpu", machine.device)
        ]
        taus: dict[str, float] = {}
        for proxy in names:
            cpu, other = (np.array([scores.get(proxy, np.nan) for scores in side]) for side in sides)
            if np.isnan(cpu).any() or np.ptp(cpu) == 0 or _draws(proxy):
                continue
            taus[proxy] = 1.0 if np.array_equal(cpu, other) else kendall_tau(cpu, other)
        worst = min(taus, key=lambda proxy: taus[proxy])
        yield Row.checked(
            "architectures",
            f"{number} of {space.name}: {len(taus)} proxies",
            f"least tau with the CPU {taus[worst]:.3f} ({worst})",
            taus[worst] >= LEAST_TAU,
        )


def memory(machine: Machine) -> Iterator[Row]:
    """Out of memory: the batch is halved until it fits, and the scores stay the same."""
    number = 64 if machine.small else 2_048  # a GPU's memory is given out in large pieces
    torch.manual_seed(5)
    images, labels = torch.randn(number, 3, 32, 32), torch.arange(number) % 4
    network, names = Unnormed(), ["snip", "grad_norm"]
    whole = measure_detailed(network, images, labels, names, device=machine.device)
    if machine.device == "cpu":
        refuse = _refusing(network, 20)
    else:
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        measure_detailed(network, images, labels, names, device="cuda")
        peak = torch.cuda.max_memory_allocated()
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(min(1.0, 0.6 * peak / total))

        def refuse() -> None:
            torch.cuda.set_per_process_memory_fraction(1.0)

    try:
        parts = measure_detailed(network, images, labels, names, device=machine.device)
    finally:
        refuse()
    off = {name: _relative(parts.scores.get(name, np.nan), whole.scores[name]) for name in names}
    yield Row.checked(
        "out of memory",
        f"{number} images where fewer fit",
        "; ".join(parts.notes) or "no shortage arose",
        bool(parts.notes) and max(off.values()) < RELATIVE,
    )


def shares(machine: Machine) -> Iterator[Row]:
    """Several workers on one GPU, each with a share of it: the scores of a single worker, and how many networks."""
    _needs_ray()
    from rayzc.cluster.measuring import measuring_pool
    from rayzc.options import Setup

    space, rng = SPACES["nasbench201"], np.random.default_rng(1)
    number = 2 if machine.small else 24
    encodings = list(dict.fromkeys(space.format(space.sample(rng)) for _ in range(2 * number)))[:number]
    task, names = next(iter(space.tasks)), ("snip", "nwot", "params")
    found: list[dict[str, Mapping[str, float]]] = []
    for workers in (1, 2 if machine.small else 4):
        scale = {**SMALL, "batch": 8} if machine.small else {"batch": 64}
        setup = Setup(device=machine.device, gpus=1 / workers, **scale)
        with measuring_pool(setup, workers) as pool:
            requests = [Request(space.name, encoding, task, names, 0) for encoding in encodings]
            list(pool.measure(requests[:workers]))  # starts what starts slowly
            begun = time.monotonic()
            found.append({request.encoding: answer.scores for request, answer in pool.measure(requests)})
            seconds = time.monotonic() - begun
        yield Row("shares", f"{workers} workers", f"{len(found[-1]) / seconds:.1f} networks/s", "measured")
    same = found[0] == found[1]
    yield Row.checked(
        "shares", f"{number} networks, shared and not", "equal scores" if same else "scores differ", same
    )


def throughput(machine: Machine) -> Iterator[Row]:
    """Networks of NAS-Bench-201 per second, and the reference definitions one by one on the same device."""
    scale = SMALL if machine.small else {}
    batch = 8 if machine.small else 64
    network = build("nasbench201", "(4, 3, 3, 3, 2, 3)", classes=10, **scale).to(machine.device)
    images, labels = torch.randn(batch, 3, 32, 32), torch.arange(batch) % 10
    there = (images.to(machine.device), labels.to(machine.device))
    rates = {
        "13 proxies, rayzc": _rate(
            machine, lambda: measure_detailed(network, *there, list(SUITE), device=machine.device)
        ),
        "13 proxies, one by one": _rate(machine, lambda: one_by_one(network, *there)),
        f"all {len(registered())} proxies, rayzc": _rate(
            machine, lambda: measure_detailed(network, *there, device=machine.device)
        ),
    }
    for what, rate in rates.items():
        yield Row("throughput", what, f"{rate:.2f} networks/s", "measured")
    ours, reference, _ = rates.values()
    yield Row("throughput", "13 proxies, ratio", f"{ours / reference:.1f} times as fast", "measured")


def whole(machine: Machine) -> Iterator[Row]:
    """The whole of ``rayzc run --quick``."""
    _needs_ray()
    quick = ["--time-limit", "10s", "--no-train", "--cross-validate", "0"] if machine.small else ["--quick"]
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "rayzc", "run", *quick, "--quiet", "--out", str(Path(folder, "run"))]
        ran = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=max(60.0, machine.seconds_left),
            check=False,
        )
    last = (ran.stderr if ran.returncode else ran.stdout).strip().splitlines()[-1:] or [""]
    yield Row.checked(
        "whole run",
        f"rayzc run {' '.join(quick)}",
        f"{time.monotonic() - begun:.0f} s" if ran.returncode == 0 else last[0].replace("|", "/"),
        ran.returncode == 0,
    )


PARTS: Mapping[str, Part] = {
    "golden": Part(golden, 20),
    "architectures": Part(architectures, 150),
    "memory": Part(memory, 20),
    "shares": Part(shares, 60),
    "throughput": Part(throughput, 40),
    "whole": Part(whole, 150),
}
"""The parts by name, in the order in which they run."""


def _scores(name: str, proxies: list[str], device: str, seed: int) -> Mapping[str, float]:
    network, images, labels = fixed(name)
    return measure_detailed(network, images, labels, proxies, seed=seed, device=device).scores


def _draws(proxy: str) -> bool:
    """Whether a proxy's score depends on what it draws: another seed gives another score."""
    first, second = (_scores(next(iter(FIXED)), [proxy], "cpu", seed).get(proxy) for seed in (0, 1))
    return first != second


def _relative(score: float, expected: float) -> float:
    """The distance relative to the expected score; infinite where one is missing."""
    if score == expected:
        return 0.0
    distance = abs(score - expected) / max(abs(expected), 1e-9)
    return float(distance) if np.isfinite(distance) else float("inf")


def _worst(part: str, what: str, off: Mapping[str, float]) -> Row:
    worst = max(off, key=lambda proxy: off[proxy])
    return Row.checked(part, what, f"worst {worst}, off by {off[worst]:.1e}", off[worst] < RELATIVE)


def _refusing(network: torch.nn.Module, images: int) -> Callable[[], None]:
    """Makes the network run out of memory with more than so many images, until the returned function is called."""

    def allocate(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if len(inputs[0]) > images:
            raise torch.OutOfMemoryError("CUDA out of memory. A stand-in for the allocator says so")

    first = next(module for module in network.modules() if isinstance(module, torch.nn.Conv2d))
    return first.register_forward_pre_hook(allocate).remove


def _rate(machine: Machine, measure: Callable[[], object]) -> float:
    """Calls per second, after one call that warms up."""
    measure()
    calls, begun = 0, time.monotonic()
    while calls < 1 or (not machine.small and time.monotonic() - begun < 5):
        measure()
        calls += 1
    if machine.device == "cuda":
        torch.cuda.synchronize()
    return calls / (time.monotonic() - begun)


def _needs_ray() -> None:
    if importlib.util.find_spec("ray") is None:
        raise Skip("Ray is not installed")
