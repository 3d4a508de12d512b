"""``make bench``: every speed as a ratio to a peer measured in the same run; a JSON object a line.

The ratios are added to the table of docs/figures/bench.md, in the column of this version.

Arguments choose benchmarks by name: correlations, proxies, throughput, fairness.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rayzc.problems import load_suite
from tests.performance.record import record

NBSZ = Path(os.environ.get("RAYZC_NBSZ", Path(__file__).parents[2].parent / "shared" / "nbsz"))


def correlations() -> Iterator[dict[str, Any]]:
    from tests.performance.correlations import run

    return run()


def proxies() -> Iterator[dict[str, Any]]:
    from tests.performance.proxies import run

    return run()


def throughput() -> Iterator[dict[str, Any]]:
    from tests.performance.throughput import run

    if not NBSZ.is_dir():
        return iter([{"name": "throughput", "skipped": f"{NBSZ} is absent; set RAYZC_NBSZ"}])
    return run(load_suite(NBSZ).for_fitting())


def fairness() -> Iterator[dict[str, Any]]:
    from tests.performance.fairness import run

    return run()


BENCHMARKS = {
    "correlations": correlations,
    "proxies": proxies,
    "throughput": throughput,
    "fairness": fairness,
}

if __name__ == "__main__":
    for name in sys.argv[1:]:
        if name not in BENCHMARKS:
            sys.exit(f"no benchmark is named '{name}'; known: {', '.join(BENCHMARKS)}")
    for name in sys.argv[1:] or BENCHMARKS:
        for line in BENCHMARKS[name]():
            print(json.dumps(line), flush=True)
            record([line])
