"""Measures how discoveries scale on one machine, and simulates what the driver does with a thousand workers.

Prints tables in Markdown: discoveries with more islands and workers, on a fixed number of formulas (strong scaling) and
on one that grows with the workers (weak scaling); what calls of Ray cost here; measuring with simulated networks that
only wait; and simulated clusters, driven by the real driver with recorded steps::

    python jobs/scale.py --suite nbsz-13 --part simulation
"""

import argparse
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rayzc.cluster import Progress, connected, discover
from rayzc.cluster.islands.backend import Backend
from rayzc.cluster.islands.recording import Recording, record
from rayzc.cluster.islands.simulation import Costs, SimulatedCluster, simulate
from rayzc.cluster.islands.workers import Breeding, kept
from rayzc.errors import RayzcError
from rayzc.options import Limits, Settings, Setup
from rayzc.problems import Suite, load_suite
from rayzc.proxies import ByProducts, proxy, unregister

__all__ = ["PARTS", "costs_of_ray", "main"]

Table = tuple[Sequence[str], Iterator[Sequence[object]]]
RECORDED = Settings(islands=8)
NAP_SECONDS = 0.25


def scaling(suite: Suite, weak: bool, counts: Sequence[int], epochs: int) -> Iterator[Sequence[object]]:
    """Discoveries with more and more workers: of 16 islands, or of 8 for each worker."""
    alone = 0.0
    for workers in counts:
        islands = 8 * workers if weak else 16
        rate, row = _discovered(suite, islands, workers, epochs)
        alone = alone or rate
        yield workers, islands, *row, f"{rate / alone:.2f}"


def islands(suite: Suite, counts: Sequence[int], epochs: int) -> Iterator[Sequence[object]]:
    """Discoveries with more and more islands on two workers."""
    for number in counts:
        _, row = _discovered(suite, number, 2, epochs if number < 128 else 2)
        yield 2, number, *row


def _discovered(suite: Suite, number: int, workers: int, epochs: int) -> tuple[float, Sequence[object]]:
    """Formulas per second once all islands are made, and the row."""
    marks: list[Progress] = []

    def mark(progress: Progress) -> None:
        if progress.epoch >= 0:
            marks[1:] = [progress]

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        result = discover(
            suite,
            settings=Settings(islands=number),
            limits=Limits(epochs=epochs),
            workers=workers,
            out=run,
            listen=mark,
        )
        size = max(path.stat().st_size for path in (run / "checkpoints").iterdir())
    first, last = marks[0], marks[-1]
    rate = (result.evaluations - first.evaluations) / max(result.seconds - first.seconds, 1e-9)
    return rate, (f"{rate:,.0f}", f"{last.occupation:.1%}", f"{size / 1e6:.2f} MB")


def store(recording: Recording) -> Iterator[Sequence[object]]:
    """What a step puts into the object store, and what keeping an island takes."""
    steps = recording.steps[-1]
    for what, size in (
        ("island", sum(len(step.island) for step in steps)),
        ("report", sum(len(step.report) for step in steps)),
    ):
        yield what, f"{size / len(steps) / 1e3:.1f} kB per island and epoch"
    loaded = [pickle.loads(step.island) for step in steps]
    seconds = _seconds(lambda: [kept(island) for island in loaded])
    text = sum(len(kept(island)[0].text) for island in loaded)
    yield "checkpoint", f"{text / len(steps) / 1e3:.1f} kB per island"
    yield "writing out an island", f"{1e3 * seconds / len(steps):.2f} ms"


def costs_of_ray(recording: Recording) -> Costs:
    """Measures what calls of Ray cost the driver on this machine, with islands and reports of real size."""
    import ray

    step = recording.steps[-1][0]
    island, report = pickle.loads(step.island), pickle.loads(step.report)
    of_ray: Any = ray

    class Echo:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def step(self, breeding: Breeding, *islands: Any) -> Any:
            return self.answer

        def wait(self, seconds: float) -> int:
            time.sleep(seconds)
            return 0

    with connected(workers=2):
        actors = [of_ray.remote(num_cpus=0)(Echo).remote((island, (), report)) for _ in range(2)]
        told = ray.put(Breeding(ray.put(b""), Settings()))
        first = actors[0].step.options(num_returns=3).remote(told)
        call = actors[0].step.options(num_returns=3).remote
        ray.get(first[2])
        begun, number = time.perf_counter(), 500
        asked = [call(told, first[0]) for _ in range(number)]
        submit = (time.perf_counter() - begun) / number
        small = [actors[1].wait.remote(0) for _ in range(number)]
        ray.get([*small, *(products[2] for products in asked)])
        get = _seconds(lambda: [ray.get(reference) for reference in small]) / number
        latency = _seconds(lambda: ray.get(actors[1].wait.remote(0)))
        busy = [actors[0].wait.remote(0 if later else 5) for later in range(2_000)]
        few, many = (_waiting([*busy[:number], small[0]]) for number in (20, 2_000))
        ray.get(busy)
    each = max(0.0, (many - few) / 1_980)
    return Costs(submit, get, max(0.0, few - 20 * each), each, latency, latency + 0.02)


def _waiting(references: list[Any]) -> float:
    """Seconds that the driver takes to find what is there, as it does in every turn."""
    return _seconds(lambda: Backend(None).wait(references, 1.0))


def simulated(
    suite: Suite, recording: Recording, costs: Costs, counts: Sequence[int], seconds: float
) -> Iterator[Sequence[object]]:
    """The real driver on simulated clusters, with two islands for each worker."""
    for workers in counts:
        with tempfile.TemporaryDirectory() as folder:
            cluster = SimulatedCluster(workers, recording, costs)
            settings = Settings(islands=2 * workers)
            used = simulate(suite, settings, cluster, seconds, Path(folder, "run"))
        yield (
            workers,
            2 * workers,
            f"{used.workers:.1%}",
            f"{used.driver:.1%}",
            f"{used.steps_per_second:,.0f}",
        )


def measuring(counts: Sequence[int], each: int) -> Iterator[Sequence[object]]:
    """A pool whose networks take a nap, so that many workers fit on few cores."""
    import ray

    from rayzc.cluster.measuring import Request, measuring_pool

    proxy(needs=(), name="nap")(_nap)
    most = max(counts)
    try:
        ray.init(address="local", num_cpus=most, include_dashboard=False, log_to_driver=False)
        setup = Setup(batch=2, width=4, depth=1, device="cpu")
        for workers in counts:
            with measuring_pool(setup, workers) as pool:
                deadline = time.monotonic() + 300
                while pool.statistics().workers < workers and time.monotonic() < deadline:
                    time.sleep(0.2)
                ready = pool.statistics().workers
                begun = time.monotonic()
                requests = [
                    Request("nasbench201", "(4, 3, 3, 3, 2, 3)", "cifar10", ("nap",), seed)
                    for seed in range(each * workers)
                ]
                number = len(list(pool.measure(requests)))
                rate = number / (time.monotonic() - begun)
            yield ready, number, f"{rate:.1f}", f"{rate * NAP_SECONDS / ready:.0%}"
    finally:
        ray.shutdown()
        unregister("nap")


def _nap(measured: ByProducts) -> float:
    """Waits."""
    time.sleep(NAP_SECONDS)
    return 0.0


def _seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """The median of some repeats."""
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    return sorted(taken)[repeats // 2]


PARTS = ("simulation", "strong", "weak", "islands", "measuring")


def _tables(options: argparse.Namespace) -> Iterator[tuple[str, Sequence[str], Iterator[Sequence[object]]]]:
    suite = load_suite(options.suite).for_fitting()
    found = ("workers", "islands", "formulas/s", "driver busy", "checkpoint")
    parts = options.part or PARTS
    if "simulation" in parts:
        recording = record(suite, RECORDED, 16)
        costs = costs_of_ray(recording)
        yield "a step", ("what", "size or time"), store(recording)
        figures = [("mean step", recording.seconds), *((name, getattr(costs, name)) for name in vars(costs))]
        yield "costs", ("what", "microseconds"), ((name, f"{1e6 * s:,.1f}") for name, s in figures)
        busy = ("workers", "islands", "workers busy", "driver busy", "steps/s")
        yield "simulation", busy, simulated(suite, recording, costs, options.simulated, options.seconds)
    with connected(workers=8):
        for part in ("strong", "weak"):
            if part in parts:
                rows = scaling(suite, part == "weak", options.workers, options.epochs)
                yield f"{part} scaling", (*found, "against one"), rows
        if "islands" in parts:
            yield "islands", found, islands(suite, (1, 8, 64, 512), options.epochs)
    if "measuring" in parts:
        pool = ("workers", "networks", "networks/s", "workers busy")
        yield "measuring", pool, measuring((1, 4, 16, 64), 8)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; 2 where it cannot."""
    parser = argparse.ArgumentParser(prog="scale.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--suite", default="mini-13", help="file, folder or name of the suite (%(default)s)")
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="what to measure; may be repeated (all)"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2, 4, 8), help="workers (1 2 4 8)")
    parser.add_argument("--epochs", type=int, default=8, help="epochs of a discovery (%(default)s)")
    parser.add_argument(
        "--simulated",
        type=int,
        nargs="+",
        default=(100, 300, 1_000),
        help="workers to simulate (100 300 1000)",
    )
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="virtual seconds to simulate (%(default)g)"
    )
    options = parser.parse_args(arguments)
    try:
        for title, heads, rows in _tables(options):
            print(f"\n{title}\n\n| {' | '.join(heads)} |\n|{' ---: |' * len(heads)}", flush=True)
            for row in rows:
                print(f"| {' | '.join(map(str, row))} |", flush=True)
    except RayzcError as error:
        print(f"scale: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
