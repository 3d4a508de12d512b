"""Compares the scores that rayzc measures with those that a suite recorded, on the cluster that runs this job.

Networks of NAS-Bench-201 are built, measured on random images and ranked, proxy by proxy; then the rank correlations
with the recorded scores are printed, and the job fails where one is below its floor::

    ray job submit --working-dir . --runtime-env jobs/runtime_env.yaml -- \
        python jobs/witness.py --suite /shared/nbsz-13.parquet --markdown /shared/witness.md

The recorded scores were taken on real images and other weights, so only params and flops can agree exactly;
``docs/witness.md`` says how closely the others agree, and why.
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rayzc.cluster.measuring import Request, measuring_pool
from rayzc.documents import write_atomically
from rayzc.errors import RayzcError
from rayzc.evolution import kendall_tau
from rayzc.options import Setup
from rayzc.problems import Problem, load_suite

__all__ = ["FLOORS", "PROXIES", "Agreement", "agreements", "main", "markdown", "measured"]

PROXIES = (
    *("epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm"),
    *("nwot", "params", "plain", "snip", "synflow", "zen"),
)
"""The proxies of NAS-Bench-Suite-Zero."""

FLOORS: Mapping[str, float] = {
    "params": 1.0,
    "flops": 1.0,
    "synflow": 0.99,
    "zen": 0.99,
    "snip": 0.96,
    "grad_norm": 0.96,
    "nwot": 0.94,
    "l2_norm": 0.92,
}
"""The Spearman correlation that a proxy must reach. The others have none: two measurements of them on one network
rank too differently, or they depend too much on the images."""

EXACT = 1 - 1e-12
"""A correlation of 1 as floating point computes it."""


@dataclass(frozen=True)
class Agreement:
    """How one proxy ranks as recorded, and as measured.

    Attributes:
        proxy: its name.
        spearman: Spearman's rank correlation, the mean over repeats; nan where a score is missing.
        kendall: Kendall's tau-b, likewise.
        repeated: Spearman's correlation of one repeat with another, the mean over pairs; nan for a single one. It
            is what random weights and images leave of a ranking, whatever the definition.
    """

    proxy: str
    spearman: float
    kendall: float
    repeated: float = math.nan

    @property
    def floor(self) -> float | None:
        """What :attr:`spearman` must reach."""
        return FLOORS.get(self.proxy)

    @property
    def holds(self) -> bool:
        """Whether the floor is reached, if there is a floor; nan reaches no floor."""
        return self.floor is None or self.spearman >= min(self.floor, EXACT)


def agreements(
    recorded: Mapping[str, NDArray[np.float64]], ours: Mapping[str, NDArray[np.float64]]
) -> list[Agreement]:
    """Correlates recorded scores ``(architectures,)`` with ours ``(repeats, architectures)``, the best first."""
    found = []
    for proxy, repeats in ours.items():
        rhos = [spearman(scores, recorded[proxy]) for scores in repeats]
        taus = [kendall_tau(scores, recorded[proxy]) for scores in repeats]
        pairs = [spearman(first, second) for first, second in combinations(repeats, 2)]
        repeated = float(np.mean(pairs)) if pairs else math.nan
        found.append(Agreement(proxy, float(np.mean(rhos)), float(np.mean(taus)), repeated))
    return sorted(
        found, key=lambda agreement: (-np.nan_to_num(agreement.spearman, nan=-2.0), agreement.proxy)
    )


def spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of two samples; sentinels and infinities are values like others.

    It is nan where a value is, or where a sample is constant.
    """
    from scipy.stats import rankdata

    if np.isnan([x, y]).any():
        return math.nan
    ranks = [rankdata(x), rankdata(y)]
    return float(np.corrcoef(ranks)[0, 1]) if all(map(np.ptp, ranks)) else math.nan


def measured(problem: Problem, options: argparse.Namespace) -> dict[str, NDArray[np.float64]]:
    """Measures all proxies on all architectures of a problem.

    Returns:
        ``(repeats, architectures)`` by proxy, nan where a measurement failed.
    """
    places = {encoding: place for place, encoding in enumerate(problem.architectures)}
    scores = np.full((len(PROXIES), options.repeats, len(places)), np.nan)
    # As written: the suite measured what the encoding says, including unreachable edges.
    setup = Setup(batch=options.batch, images=options.images, data=options.data, as_written=True)
    requests = (
        Request(problem.space, encoding, problem.task, PROXIES, seed)
        for seed in range(options.seed, options.seed + options.repeats)
        for encoding in places
    )
    total = scores[0].size
    with measuring_pool(setup, options.workers, options.cache, address=options.address) as pool:
        for done, (request, measurement) in enumerate(pool.measure(requests), start=1):
            for proxy, score in measurement.scores.items():
                scores[PROXIES.index(proxy), request.seed - options.seed, places[request.encoding]] = score
            for proxy, reason in measurement.failures.items():
                print(f"{request.encoding}: {proxy} failed: {reason}", file=sys.stderr)
            if done % 10 == 0 or done == total:
                print(f"{done} of {total} networks", file=sys.stderr, flush=True)
    return dict(zip(PROXIES, scores, strict=True))


def rows(found: Sequence[Agreement]) -> list[tuple[str, ...]]:
    """The table's cells as text."""
    return [
        (
            agreement.proxy,
            f"{agreement.spearman:.4f}",
            f"{agreement.kendall:.4f}",
            "" if math.isnan(agreement.repeated) else f"{agreement.repeated:.4f}",
            "" if agreement.floor is None else f"{agreement.floor:g}",
            "" if agreement.floor is None else ("yes" if agreement.holds else "NO"),
        )
        for agreement in found
    ]


HEADINGS = ("proxy", "Spearman", "Kendall", "repeatability", "floor", "reached")


def markdown(found: Sequence[Agreement]) -> str:
    """The table in Markdown."""
    lines = [HEADINGS, ("---", *["---:"] * 4, "---"), *rows(found)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def show(found: Sequence[Agreement], title: str) -> None:
    """Prints the table."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD)
    for place, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if 0 < place < 5 else "left", no_wrap=True)
    for row, agreement in zip(rows(found), found, strict=True):
        table.add_row(*row, style="" if agreement.holds else "bold red")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 100
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the comparison; 0 if all floors are reached, 1 if not, 2 where it cannot be made."""
    parser = argparse.ArgumentParser(
        prog="witness.py", description=(__doc__ or "").partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("--suite", required=True, help="file, folder or name of the suite")
    parser.add_argument(
        "--problem", default="nasbench201/cifar10", help="problem to compare on (%(default)s)"
    )
    parser.add_argument("--number", type=int, default=100, help="number of architectures (%(default)s)")
    parser.add_argument("--batch", type=int, default=32, help="number of images (%(default)s)")
    parser.add_argument(
        "--images", help=".npz file, or data set of torchvision such as CIFAR10 (random images)"
    )
    parser.add_argument(
        "--data", default="data", metavar="FOLDER", help="folder of torchvision's data sets (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and images (%(default)s)")
    parser.add_argument(
        "--repeats",
        type=int,
        default=1,
        help="number of measurements, with --seed and the seeds that follow (%(default)s)",
    )
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="file to write the table to, in Markdown"
    )
    parser.add_argument("--workers", type=int, help="number of workers (as many as the cluster has room for)")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="folder that keeps the scores for later runs"
    )
    parser.add_argument(
        "--address", help="address of the Ray cluster (the cluster of the job, or one on this machine)"
    )
    options = parser.parse_args(arguments)
    try:
        problem = load_suite(options.suite).problem(options.problem).complete(PROXIES)
        if not 2 <= options.number <= len(problem):
            parser.error(f"--number {options.number}: {problem.name} has all proxies for 2 to {len(problem)}")
        if options.repeats < 1:
            parser.error(f"--repeats {options.repeats}: give at least 1")
        # Always the same architectures, so that two runs differ only in what was measured.
        drawn = np.random.default_rng(0).permutation(len(problem))[: options.number]
        sample = problem.take(np.sort(drawn))
        ours = measured(sample, options)
        found = agreements({proxy: sample.column(proxy) for proxy in PROXIES}, ours)
        show(found, f"{len(sample)} architectures of {sample.name}, {options.batch} images")
        if options.markdown:
            options.markdown.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(options.markdown, markdown(found))
    except (RayzcError, OSError) as error:
        print(f"witness: {error}", file=sys.stderr)
        return 2
    missed = [agreement.proxy for agreement in found if not agreement.holds]
    if missed:
        print(f"witness: below the floor: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
